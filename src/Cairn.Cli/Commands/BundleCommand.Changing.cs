using System.CommandLine;

using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Store.Bundles;
using Cairn.Trust.Bundles;

namespace Cairn.Cli.Commands;

/// <content>Two bundles beside each other, and one with more told of it.</content>
internal sealed partial class BundleCommand
{
    private Command CreateDiff()
    {
        var (before, after, json) = (BundleArgument("BEFORE"), BundleArgument("AFTER"), JsonOption());
        var command = new Command("diff", "Show how two bundles differ: files, modes, links, documents; exits with 1 if they do") { before, after, json };
        command.SetAction(parsed => Guard(() =>
        {
            using var left = BundleReader.Open(Full(parsed.GetValue(before)!));
            using var right = BundleReader.Open(Full(parsed.GetValue(after)!));
            var difference = BundleDifference.Between(left, right);
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(_services, writer => BundleText.WriteJson(writer, difference));
            }
            else
            {
                var text = new ByteText();
                BundleText.Append(text, difference, Style.OfOutput(_services.Terminal));
                _ = WhyCommand.Write(_services, text);
            }

            return difference.IsEmpty ? ExitCodes.Success : ExitCodes.NotVerified;
        }));
        return command;
    }

    private Command CreateAdd()
    {
        var file = BundleArgument();
        var documents = new Argument<string[]>("DOCUMENT") { Description = "Envelopes, Sigstore bundles, bills of materials (CycloneDX, SPDX), proofs of a log", Arity = ArgumentArity.OneOrMore };
        var output = new Option<string?>("--output", "-o") { Description = "Write to FILE, and leave the bundle as it is", HelpName = "FILE" };
        var envelope = new Option<string?>("--envelope") { Description = "Of the proof of a log: the file with the envelope that the log has", HelpName = "FILE" };
        var json = JsonOption();
        var command = new Command("add", "Add documents that tell of a bundle's artifact, which stays the same") { file, documents, envelope, output, json };
        command.SetAction(parsed => Guard(() =>
        {
            string? hash = null;
            if (parsed.GetValue(envelope) is { } signed)
            {
                if (Documents([signed], envelope: null) is not [var known])
                {
                    return ExitCodes.Usage;
                }

                hash = known.Digest.Hash;
            }

            if (Documents(parsed.GetValue(documents)!, hash) is not { } added)
            {
                return ExitCodes.Usage;
            }

            var path = Full(parsed.GetValue(file)!);
            using var bundle = BundleReader.Open(path);
            if (hash is not null && !bundle.Head.Evidence.Concat(added).Any(e => e.Envelope is null && e.Digest.Hash == hash))
            {
                DiagnosticPrinter.Problem(_services, $"The envelope `{parsed.GetValue(envelope)}` is not in the bundle, so nothing can be proved of it there", "add it, too", DiagnosticCodes.BundleEvidenceUnusable);
                return ExitCodes.Usage;
            }

            var target = parsed.GetValue(output) is { } other ? Full(other) : path;
            var head = new BundleHead(bundle.Head.Artifact, bundle.Head.Tree, [.. bundle.Head.Evidence, .. added]);
            WriteFile(target, head, bundle.OpenBlob);
            var bytes = new FileInfo(target).Length;
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(_services, writer => BundleText.WriteJson(writer, head, bundle.Items, bytes));
            }
            else
            {
                _services.Error.Write($"Wrote {BundleText.Summary(Shown(target), head, bundle.Items, bytes)}\n");
            }

            return ExitCodes.Success;
        }));
        return command;
    }
}
