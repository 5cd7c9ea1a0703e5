import { type Ecosystem, present } from "../ecosystem.ts";
import { binarySubject } from "../subjects.ts";

/** By the address of the repository, without scheme: `github.com/apple/swift-nio`. */
export const ecosystem: Ecosystem = {
  name: "SwiftURL",
  type: "swift",
  kind: "language",
  shards: (_distribution, available) => ({ primary: present(["SwiftURL"], available) }),
  subject: binarySubject,
};
