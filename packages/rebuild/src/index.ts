/** Rebuilds of projections: beside the live views, with progress and resume, compared and proven equal. */

export {};
