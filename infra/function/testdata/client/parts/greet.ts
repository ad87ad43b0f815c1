/** Who comes to the door. */
export interface Guest {
  name: string;
}

export const greet = (guest: Guest): string => `Good evening, ${guest.name}…`;
