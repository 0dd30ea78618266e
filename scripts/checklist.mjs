/** A list of checks that each hold or do not. Ends with one line: `N passed, N failed`. */

let [passed, failed] = [0, 0];

/** Runs one check: it holds unless it throws. What it throws says why, with all the output that helps. */
export const check = async (fact, prove) => {
  try {
    await prove();
    passed += 1;
    console.log(`ok    ${fact}`);
    return true;
  } catch (error) {
    failed += 1;
    console.log(`fail  ${fact}`);
    console.log(String(error?.message ?? error).replace(/^/gm, "      "));
    return false;
  }
};

/** Throws what a program said unless it ended well. */
export const endsWell = ({ code, output }) => {
  if (code !== 0) throw new Error(`exit code ${code}\n${output}`);
  return output;
};

export const finish = () => {
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
};
