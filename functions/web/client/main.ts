import { connect } from "./client";
import { view } from "./view";

await view(connect);
