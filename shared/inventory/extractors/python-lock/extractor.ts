/** Lock files of Poetry, uv, PDM, Pipenv, the standard `pylock.toml`, and requirements that are pinned. */
import { lockFileExtractor } from "../../lock-file.ts";
import { pipfileLock } from "./pipfile-lock.ts";
import { requirements } from "./requirements.ts";
import { pdmLock, poetryLock, pylock } from "./toml-locks.ts";
import { uvLock } from "./uv-lock.ts";

export const extractor = lockFileExtractor({
  name: "python-lock",
  version: 1,
  type: "pypi",
  formats: [poetryLock, uvLock, pdmLock, pylock, pipfileLock, requirements],
});
