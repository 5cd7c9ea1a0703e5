/** What Java builds say of their dependencies: Gradle's lock files, Maven's project files. */
import { lockFileExtractor } from "../../lock-file.ts";
import { gradleLock } from "./gradle-lock.ts";
import { mavenProject } from "./maven-project.ts";

export const extractor = lockFileExtractor({
  name: "java-lock",
  version: 1,
  type: "maven",
  formats: [gradleLock, mavenProject],
});
