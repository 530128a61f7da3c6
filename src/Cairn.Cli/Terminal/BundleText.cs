using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

using Cairn.Core.Content;
using Cairn.Store.Bundles;
using Cairn.Trust.Bundles;

namespace Cairn.Cli.Terminal;

/// <summary>Bundles for people, and as JSON; <c>docs/reference/json.md</c> documents that.</summary>
internal static class BundleText
{
    private const int FilesShown = 40;
    private const int HashShown = 16;

    /// <summary><c>app.cab: 3 files, 1.2 MiB, 2 documents, sha256:…</c></summary>
    public static string Summary(string name, BundleHead head, ImmutableArray<TreeItem> items, long bytes) =>
        $"{name}: {Count(items.Count(static i => i.IsFile), "file")}, {Count(head.Evidence.Length, "document")}, {Words.Bytes(bytes)}, {Descriptor.Written(head.Id)}";

    public static string Count(int count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");

    /// <summary>The name of a file for a document.</summary>
    public static string FileNameOf(BundleEvidence document) =>
        $"{EvidenceWords.Of(document.Kind)}-{document.Digest.Hash[..HashShown]}{document.Kind switch { EvidenceKind.LogProof => ".tlog-proof", EvidenceKind.Seed => "", _ => ".json" }}";

    public static void Append(ByteText text, string name, BundleReader bundle, Style style)
    {
        var head = bundle.Head;
        Line("Bundle", name);
        Line("Artifact", Descriptor.Written(head.Id));
        Line("Size", Words.Bytes(bundle.SizeBytes));
        Line("Files", $"{bundle.Items.Count(static i => i.IsFile)}{(head.Artifact.HasLayer ? ", in one layer" : "")}");
        text.Line();
        var files = new Table("MODE", "SIZE", "PATH", "SHA256");
        var shown = bundle.Items.Where(static i => !i.IsFolder || i.Leaf.Digest == Digest.Empty).ToArray();
        foreach (var item in shown.Take(FilesShown))
        {
            files.Add(item switch
            {
                { IsFolder: true } => [("folder", Ink.Dim), ("", Ink.Plain), (item.Path + "/", Ink.Plain), ("", Ink.Plain)],
                { Leaf.Target: { } target } => [("link", Ink.Dim), ("", Ink.Plain), ($"{item.Path} -> {target}", Ink.Plain), ("", Ink.Plain)],
                _ => [(item.Leaf.Executable ? "0755" : "0644", Ink.Dim), (Words.Bytes(item.Leaf.Digest.SizeBytes), Ink.Plain), (item.Path, Ink.Plain), (item.Leaf.Digest.Hash[..HashShown], Ink.Dim)],
            });
        }

        files.AppendTo(text, style, 0);
        if (shown.Length > FilesShown)
        {
            text.Append($"and {shown.Length - FilesShown} more: `--json` lists all").Line();
        }

        if (!head.Evidence.IsEmpty)
        {
            text.Line();
            var documents = new Table("DOCUMENT", "SIZE", "SHA256", "OF");
            foreach (var document in head.Evidence)
            {
                documents.Add((EvidenceWords.Of(document.Kind), Ink.Plain), (Words.Bytes(document.Content.Length), Ink.Plain), (document.Digest.Hash[..HashShown], Ink.Dim), (document.Envelope?[..HashShown] ?? "", Ink.Dim));
            }

            documents.AppendTo(text, style, 0);
        }

        text.Line().Append("Nothing of this is verified: `cairn bundle verify` does that").Line();

        void Line(string label, string value) => text.Append(label).Spaces(10 - label.Length).Append(AnsiText.Clean(value)).Line();
    }

    public static void Append(ByteText text, BundleDifference difference, Style style)
    {
        if (difference.IsEmpty)
        {
            text.Append("The bundles are the same").Line();
            return;
        }

        text.Append(difference.Before == difference.After ? $"The artifact is the same: {Descriptor.Written(difference.After)}" : $"{Descriptor.Written(difference.Before)} became {Descriptor.Written(difference.After)}").Line();
        foreach (var change in difference.Files)
        {
            var (sign, ink) = change.Kind switch
            {
                TreeChangeKind.Added => ("+", Ink.Good),
                TreeChangeKind.Removed => ("-", Ink.Bad),
                _ => ("~", Ink.Warning),
            };
            style.Write(text, ink, $"{sign} {AnsiText.Clean(change.Path)}").Append(AnsiText.Clean(Details(change))).Line();
        }

        foreach (var document in difference.Removed)
        {
            style.Write(text, Ink.Bad, $"- {EvidenceWords.Of(document.Kind)} {document.Digest.Hash[..HashShown]}").Line();
        }

        foreach (var document in difference.Added)
        {
            style.Write(text, Ink.Good, $"+ {EvidenceWords.Of(document.Kind)} {document.Digest.Hash[..HashShown]}").Line();
        }
    }

    public static void WriteJson(Utf8JsonWriter json, BundleHead head, ImmutableArray<TreeItem> items, long bytes)
    {
        json.WriteStartObject();
        json.WriteString("artifact", Descriptor.Written(head.Id));
        json.WriteNumber("bytes", bytes);
        json.WriteBoolean("layer", head.Artifact.HasLayer);
        json.WriteString("tree", Descriptor.Written(head.Artifact.Tree));
        json.WriteStartArray("files");
        foreach (var item in items)
        {
            // A folder is told of only where nothing tells of it by being in it.
            if (item.IsFolder && item.Leaf.Digest != Digest.Empty)
            {
                continue;
            }

            json.WriteStartObject();
            json.WriteString("path", item.Path);
            json.WriteString("kind", KindOf(item));
            if (item.Leaf.Target is { } target)
            {
                json.WriteString("target", target);
            }
            else if (item.IsFile)
            {
                json.WriteNumber("bytes", item.Leaf.Digest.SizeBytes);
                json.WriteString("sha256", item.Leaf.Digest.Hash);
                json.WriteBoolean("executable", item.Leaf.Executable);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteDocuments(json, "documents", head.Evidence);
        json.WriteEndObject();
    }

    public static void WriteJson(Utf8JsonWriter json, BundleDifference difference)
    {
        json.WriteStartObject();
        json.WriteBoolean("same", difference.IsEmpty);
        json.WriteString("before", Descriptor.Written(difference.Before));
        json.WriteString("after", Descriptor.Written(difference.After));
        json.WriteStartArray("files");
        foreach (var change in difference.Files)
        {
            json.WriteStartObject();
            json.WriteString("path", change.Path);
            json.WriteString("change", ChangeWord(change.Kind));
            WriteLeaf("before", change.Before);
            WriteLeaf("after", change.After);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteDocuments(json, "removed_documents", difference.Removed);
        WriteDocuments(json, "added_documents", difference.Added);
        json.WriteEndObject();

        void WriteLeaf(string name, TreeLeaf? leaf)
        {
            if (leaf is { } value)
            {
                json.WriteStartObject(name);
                if (value.Target is { } target)
                {
                    json.WriteString("target", target);
                }
                else
                {
                    json.WriteNumber("bytes", value.Digest.SizeBytes);
                    json.WriteString("sha256", value.Digest.Hash);
                    json.WriteBoolean("executable", value.Executable);
                }

                json.WriteEndObject();
            }
        }
    }

    private static void WriteDocuments(Utf8JsonWriter json, string name, ImmutableArray<BundleEvidence> documents)
    {
        json.WriteStartArray(name);
        foreach (var document in documents)
        {
            json.WriteStartObject();
            json.WriteString("kind", EvidenceWords.Of(document.Kind));
            json.WriteString("sha256", document.Digest.Hash);
            json.WriteNumber("bytes", document.Content.Length);
            if (document.Envelope is { } envelope)
            {
                json.WriteString("envelope", envelope);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string KindOf(TreeItem item) => item.IsFolder ? "folder" : item.Leaf.Target is null ? "file" : "link";

    private static string ChangeWord(TreeChangeKind kind) => kind switch
    {
        TreeChangeKind.Added => "added",
        TreeChangeKind.Removed => "removed",
        TreeChangeKind.Content => "content",
        TreeChangeKind.Mode => "mode",
        TreeChangeKind.Link => "link",
        TreeChangeKind.Kind => "kind",
        _ => "unknown",
    };

    private static string Details(TreeChange change) => change switch
    {
        { Kind: TreeChangeKind.Content, Before: { } before, After: { } after } =>
            $": {Words.Bytes(before.Digest.SizeBytes)} {before.Digest.Hash[..HashShown]} became {Words.Bytes(after.Digest.SizeBytes)} {after.Digest.Hash[..HashShown]}{(before.Executable == after.Executable ? "" : $", {Mode(after)}")}",
        { Kind: TreeChangeKind.Mode, After: { } after } => $": {Mode(after)}",
        { Kind: TreeChangeKind.Link, Before.Target: { } before, After.Target: { } after } => $": led to `{before}`, leads to `{after}`",
        { Kind: TreeChangeKind.Kind, After.Target: { } target } => $": became a link to `{target}`",
        { Kind: TreeChangeKind.Kind } => ": was a link, became a file",
        _ => "",
    };

    private static string Mode(TreeLeaf leaf) => leaf.Executable ? "may be executed now" : "may no longer be executed";
}
