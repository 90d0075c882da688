// Starts `hence lsp` for rule files and claims files.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = () => {
  const settings = workspace.getConfiguration("hence");
  const server = { command: settings.get("path"), args: settings.get("arguments") };
  client = new LanguageClient("hence", "hence", server, {
    documentSelector: [{ language: "hence" }, { pattern: "**/claims.jsonl" }],
    synchronize: { fileEvents: workspace.createFileSystemWatcher("**/*.dl") },
  });
  return client.start();
};

exports.deactivate = () => client && client.stop();
