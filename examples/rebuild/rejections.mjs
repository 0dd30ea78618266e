/** Answers "how often was each work package sent back, and by whom last?". */
export const rejections = {
  name: "acme-rejections", // part of the stored key; never renamed
  version: 1, // raised when the meaning changes: stored views are then made again
  initial: {},
  when: {
    ReviewSubmitted: (view, { workPackageId, verdict }, { actor }) => {
      if (verdict !== "changes_requested") return view;
      view[workPackageId] = { times: (view[workPackageId]?.times ?? 0) + 1, by: actor };
      return view;
    },
  },
  needs: {
    // What `when` reads of the event, and of all that was recorded with it. The rest may be missing.
    ReviewSubmitted: { data: ["workPackageId", "verdict"], meta: ["actor"] },
  },
};
