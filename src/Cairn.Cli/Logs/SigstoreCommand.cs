using System.CommandLine;

using Cairn.Cli.Commands;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Store.Files;
using Cairn.Trust.Envelopes;

namespace Cairn.Cli.Logs;

/// <summary><c>cairn sigstore export|trusted-root [import]</c>.</summary>
internal sealed class SigstoreCommand
{
    private readonly CommandServices _services;

    private SigstoreCommand(CommandServices services) => _services = services;

    public static Command Create(CommandServices services)
    {
        var sigstore = new SigstoreCommand(services);
        return new Command("sigstore", "Write attestations as bundles that other verifiers read") { sigstore.CreateExport(), sigstore.CreateTrustedRoot() };
    }

    private Command CreateExport()
    {
        var file = new Argument<string>("FILE") { Description = "A file with one attestation, as `cairn receipt export` and `cairn attest` write them" };
        var output = OutputFile.CreateOption();
        var root = new Option<string?>("--trusted-root") { Description = "Write the trusted root to FILE as well", HelpName = "FILE" };
        var command = new Command("export", "Write an attestation that the machine's log has as a Sigstore bundle") { file, output, root };
        command.SetAction(parsed => Export(parsed.GetValue(file)!, parsed.GetValue(output), parsed.GetValue(root)));
        return command;
    }

    private Command CreateTrustedRoot()
    {
        var output = OutputFile.CreateOption();
        var command = new Command("trusted-root", "Write what verifiers must believe of the machine's log") { output, SigstoreImport.Create(_services) };
        command.SetAction(parsed => SigstoreExport.TrustedRoot(_services) is { } root ? OutputFile.Write(_services, parsed.GetValue(output), [.. root, (byte)'\n']) : ExitCodes.Usage);
        return command;
    }

    private int Export(string file, string? output, string? rootFile)
    {
        if (Read(file) is not { } envelope || SigstoreExport.Bundle(_services, envelope) is not { } bundle || SigstoreExport.TrustedRoot(_services) is not { } root)
        {
            return ExitCodes.Usage;
        }

        var exit = rootFile is null ? ExitCodes.Success : OutputFile.Write(_services, rootFile, [.. root, (byte)'\n']);
        return exit == ExitCodes.Success ? OutputFile.Write(_services, output, [.. bundle, (byte)'\n']) : exit;
    }

    private Envelope? Read(string file)
    {
        if (NamedFile.TryRead(Path.GetFullPath(file, _services.CurrentDirectory), Trust.Limits.EnvelopeBytesMax, out var problem) is { } bytes)
        {
            var read = AttestationFile.Read(file, bytes);
            if (read is { Found: [{ Envelope: { } envelope }], Refused: [] })
            {
                return envelope;
            }

            problem = read.Refused is [var refused, ..] ? refused.Problem : read.Found.Length > 1 ? "it has several attestations; a bundle has one" : "it has no envelope";
        }

        DiagnosticPrinter.Problem(_services, $"`{file}` cannot be exported: {problem}", "give a file with one signed attestation", DiagnosticCodes.SigstoreUnwritable);
        return null;
    }
}
