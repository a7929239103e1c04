// What GitHub makes of headings, as others have measured it: reads lists of them from standard input, writes the anchors of each.
import { readFileSync } from "node:fs";
import GithubSlugger from "github-slugger";

const documents = JSON.parse(readFileSync(0, "utf8"));
const said = documents.map((headings) => {
  const slugger = new GithubSlugger();
  return headings.map((heading) => slugger.slug(heading));
});
process.stdout.write(JSON.stringify(said));
