import { greet, type Guest } from "./parts/greet";

const guest: Guest = { name: "ann" };
document.getElementById("door")?.append(greet(guest));
