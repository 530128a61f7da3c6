using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Trust.Bundles;
using Cairn.Trust.Json;
using Cairn.Trust.Policies;
using Cairn.Trust.Policies.Rules;
using Cairn.Trust.Statements;

namespace Cairn.Trust.Checks;

/// <summary>The lines of a checklist that a bundle has beside those of its attestations: what is in it, and the chain from its toolchains to where they come from. Pure.</summary>
public static class BundleChecks
{
    /// <summary>The line for the bundle itself.</summary>
    /// <param name="head">The bundle, all of which was read.</param>
    /// <param name="files">How many files are in it.</param>
    public static CheckLine Whole(BundleHead head, int files)
    {
        ArgumentNullException.ThrowIfNull(head);
        return new CheckLine(CheckKind.Bundle, Verdict.Pass, $"Every byte of it has its digest: {Listed.Count(files, "file")}, {Listed.Count(head.Evidence.Length, "document")}, the artifact `{Descriptor.Written(head.Id)}`");
    }

    /// <summary>
    /// The line for how the files stand to each other (their names, modes and links), of which attestations of single files say nothing: attested where the bundle without its documents is itself an
    /// artifact that was attested.
    /// </summary>
    /// <param name="main">The attestation that tells of the bundle.</param>
    /// <param name="core">The SHA-256 of the bundle without documents; null where it was not asked for.</param>
    public static CheckLine? Layout(JudgedAttestation? main, string? core) =>
        main is null || core is null ? null
        : main.Subjects.FirstOrDefault(s => s.Sha256 == core) is { } subject
            ? new CheckLine(CheckKind.Bundle, Verdict.Pass, $"Without its documents it is the attested `{subject.Name}`: names, modes and links are those of its maker")
            : new CheckLine(CheckKind.Bundle, Verdict.NotChecked, "The bytes of its files are attested one by one; which of them may be executed, and where links lead, nobody attested");

    /// <summary>The line for documents that nobody signed: each must be named by a statement that counts.</summary>
    public static CheckLine? Documents(ImmutableArray<BundleEvidence> documents, ImmutableArray<JudgedAttestation> attestations)
    {
        var bills = documents.Where(static d => d.Kind is EvidenceKind.CycloneDx or EvidenceKind.Spdx).ToArray();
        var unnamed = bills.Count(b => !attestations.Any(a => a.Counts && a.Covers(b.Digest.Hash)));
        return bills.Length == 0 ? null
            : unnamed == 0 ? new CheckLine(CheckKind.Bundle, Verdict.Pass, $"{Listed.Count(bills.Length, "bill")} of materials {(bills.Length == 1 ? "is" : "are")} named by statements that count")
            : new CheckLine(CheckKind.Bundle, Verdict.NotChecked, $"{Listed.Count(unnamed, "bill")} of materials {(unnamed == 1 ? "has" : "have")} nobody's signature");
    }

    /// <summary>The lines for the toolchains of a receipt, and for where they come from.</summary>
    /// <param name="receipt">The receipt.</param>
    /// <param name="find">The attestation of a job, which counts; null where there is none.</param>
    /// <param name="seed">The line for where a toolchain comes from, by the attestations of all jobs that used it; default where one of them is not here.</param>
    public static ImmutableArray<CheckLine> Chain(RunReceipt receipt, Func<ReceiptStep, Statement?> find, Func<ReceiptToolchain, ImmutableArray<Statement>, CheckLine> seed)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        ArgumentNullException.ThrowIfNull(find);
        ArgumentNullException.ThrowIfNull(seed);
        var lines = ImmutableArray.CreateBuilder<CheckLine>();
        foreach (var toolchain in receipt.Toolchains)
        {
            lines.Add(Attested(receipt, toolchain, find));
            var used = UsersOf(receipt, toolchain).Select(find).ToArray();
            lines.Add(receipt.MakerOf(toolchain) is { Attestation: not null } maker && find(maker) is not null
                ? new CheckLine(CheckKind.Seed, Verdict.Pass, $"`{toolchain.Name}` is what `{maker.Job}` of the same run made, whose attestation is here")
                : seed(toolchain, Array.Exists(used, static u => u is null) ? default : [.. used.OfType<Statement>()]));
        }

        var host = receipt.Steps.Where(static s => s.Cache is not null && s.UsesHost).Select(static s => s.Job).ToArray();
        if (host.Length > 0)
        {
            lines.Add(new CheckLine(CheckKind.Seed, Verdict.NotChecked, $"{Listed.Names(host)} used programs of the machine, which no digest names"));
        }

        return lines.DrainToImmutable();
    }

    private static CheckLine Attested(RunReceipt receipt, ReceiptToolchain toolchain, Func<ReceiptStep, Statement?> find)
    {
        var used = UsersOf(receipt, toolchain).ToArray();
        var named = 0;
        foreach (var step in used)
        {
            if (find(step) is not { } statement)
            {
                continue;
            }

            if (!TreesOf(statement).Contains(toolchain.Tree, StringComparer.Ordinal))
            {
                return new CheckLine(CheckKind.Toolchains, Verdict.Fail, $"The attestation of `{step.Job}` does not name the tree of `{toolchain.Name}` that the receipt names, `{toolchain.Tree}`");
            }

            named++;
        }

        return named == used.Length && named > 0
            ? new CheckLine(CheckKind.Toolchains, Verdict.Pass, $"{(named == 1 ? "The attestation of its one job names" : $"The attestations of {named} jobs name")} the tree of `{toolchain.Name}`, `{Short(toolchain.Tree)}`")
            : new CheckLine(CheckKind.Toolchains, Verdict.NotChecked, used.Length == 0 ? $"No job that was attested used `{toolchain.Name}`" : $"{used.Length - named} of {Listed.Count(used.Length, "attestation")} of jobs that used `{toolchain.Name}` are not here");
    }

    private static IEnumerable<ReceiptStep> UsersOf(RunReceipt receipt, ReceiptToolchain toolchain) =>
        receipt.Steps.Where(s => s.Attestation is not null && s.Toolchains.Contains(toolchain.Name, StringComparer.Ordinal));

    private static IEnumerable<string> TreesOf(Statement statement) =>
        (statement.Predicate["buildDefinition"] as JsonValue.Object)?["resolvedDependencies"] is JsonValue.List list
            ? list.Items.OfType<JsonValue.Object>().Where(static d => d.TextOf("name") == "toolchain").Select(static d => (d["annotations"] as JsonValue.Object)?.TextOf("tree")).OfType<string>()
            : [];

    private static string Short(string tree) => Digest.TryParse(tree, null, out var digest) ? digest.Hash[..12] : tree;
}
