// What every page of the console does.

import "./forms.js";
import "./fragments.js";
import "./openings.js";
import "./moments.js";
