// Another parser of MIME (that of Cloudflare's mail workers): reads messages from standard input, writes what it sees of each.
import { readFileSync } from "node:fs";
import PostalMime from "postal-mime";

const said = [];
for (const raw of JSON.parse(readFileSync(0, "utf8"))) {
  const mail = await PostalMime.parse(Buffer.from(raw, "base64"));
  const headers = Object.fromEntries(mail.headers.map(({ key, value }) => [key, value]));
  const { subject, text, html, messageId, from, to, attachments } = mail;
  said.push({ subject, text, html, messageId, from, to, headers, attachments: attachments.length });
}
process.stdout.write(JSON.stringify(said));
