// All that a thread does not need at first, for when it is asked for.

import "./acts.js";
import "./canned.js";
import "./details.js";
import "./head.js";
import "./moved.js";
import "./older.js";
import "./palette.js";
