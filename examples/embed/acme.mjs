/** Somebody else's command line with ours inside: `acme mission …` beside acme's own commands. */
import { Command } from "commander";
import { openLedger } from "mission-ledger";
import { mountCommands } from "mission-ledger/cli";

const program = new Command("acme")
  .exitOverride()
  .option("--plan <dir>", "where acme keeps its plan", "acme-plan");
program
  .command("hello")
  .description("A command of acme's own")
  .action(() => console.log("hello from acme"));

let ledger;
mountCommands(program.command("mission").description("Plan and track work"), {
  // Opened when the first command needs it.
  ledger: async () => {
    ledger ??= await openLedger({ directory: program.opts().plan, actor: "acme" });
    return ledger;
  },
  include: ["mission", "wp", "ready", "board", "log"],
  rename: { wp: "task" },
  onExit: (code) => {
    process.exitCode = code;
  },
});

try {
  await program.parseAsync();
} catch (error) {
  // exitOverride: commander throws where it would have ended the program.
  process.exitCode = error.exitCode ?? 1;
} finally {
  await ledger?.close();
}
