// GitHub's own implementation of its signatures: reads cases from standard input, writes what it says of each.
import { readFileSync } from "node:fs";
import { sign, verify } from "@octokit/webhooks-methods";

const cases = JSON.parse(readFileSync(0, "utf8"));
const said = [];
for (const { secret, body, signature } of cases) {
  said.push({ signature: await sign(secret, body), verified: await verify(secret, body, signature) });
}
process.stdout.write(JSON.stringify(said));
