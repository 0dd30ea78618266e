/** Which stream a mission lives in. */

/** What a slug for a new mission must look like. Imports may bring older forms; stores escape those in file names. */
export const slugPattern: RegExp = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

export const missionCategory = "mission";

export const missionStream = (slug: string): string => `${missionCategory}-${slug}`;

export const slugOfStream = (stream: string): string => stream.slice(missionCategory.length + 1);
