/** How many events a step of a writer makes: one, two or five, so that half a command would show. */
export const eventsOf = (step) => [1, 2, 1, 5][step % 4];
