using System.Globalization;
using System.Text.Json;

using Cairn.Cli.Keys;
using Cairn.Core.Events;
using Cairn.Core.Scheduling;
using Cairn.Engine.Receipts;
using Cairn.Trust.Statements;

namespace Cairn.Cli.Terminal;

/// <summary>Receipts as a person reads them.</summary>
internal static class ReceiptText
{
    private const int HashChars = 12;
    private const int OutputsMax = 40;
    private const string BuilderPrefix = "https://cairn.build/builder/";

    /// <summary>The table of <c>cairn receipt list</c>.</summary>
    public static void Append(ByteText text, IReadOnlyList<StoredReceipt> receipts, KnownSigners signers, DateTimeOffset now, Style style)
    {
        var table = new Table("RUN", "STATUS", "PIPELINE", "WHEN", "STEPS", "HITS", "SIGNED BY", "PAYLOAD");
        foreach (var stored in receipts)
        {
            var receipt = stored.Receipt;
            table.Add(
                (stored.Run.Value, Ink.Plain),
                (RunEventWriter.NameOf(receipt.Status), InkOf(receipt.Status)),
                (receipt.Pipeline.Name, Ink.Plain),
                (Words.Ago(receipt.Finished, now), Ink.Plain),
                (receipt.Steps.Length.ToString(CultureInfo.InvariantCulture), Ink.Plain),
                (Hits(receipt).ToString(CultureInfo.InvariantCulture), Ink.Plain),
                (signers.Describe(stored.Envelope), signers.NameOf(stored.Envelope) is null ? Ink.Warning : Ink.Plain),
                (stored.Envelope.PayloadHash[..HashChars], Ink.Dim));
        }

        table.AppendTo(text, style, indent: 0);
    }

    /// <summary>The same for programs, a line each.</summary>
    public static void AppendJson(ByteText text, IReadOnlyList<StoredReceipt> receipts, KnownSigners signers)
    {
        foreach (var stored in receipts)
        {
            var receipt = stored.Receipt;
            var buffer = new System.Buffers.ArrayBufferWriter<byte>();
            using (var json = new Utf8JsonWriter(buffer))
            {
                json.WriteStartObject();
                json.WriteString("run", stored.Run.Value);
                json.WriteString("status", RunEventWriter.NameOf(receipt.Status));
                json.WriteString("pipeline", receipt.Pipeline.Name);
                json.WriteString("started", receipt.Started);
                json.WriteString("finished", receipt.Finished);
                json.WriteNumber("steps", receipt.Steps.Length);
                json.WriteNumber("hits", Hits(receipt));
                json.WriteString("builder", receipt.Builder);
                json.WriteString("signer", signers.NameOf(stored.Envelope));
                json.WriteString("key_id", stored.Envelope.Signatures[0].KeyId);
                json.WriteString("payload", stored.Envelope.PayloadHash);
                json.WriteString("path", stored.Path);
                json.WriteEndObject();
            }

            text.Append(buffer.WrittenSpan).Line();
        }
    }

    /// <summary>All of <c>cairn receipt show</c>.</summary>
    public static void Append(ByteText text, StoredReceipt stored, string signer, DateTimeOffset now, Style style)
    {
        var receipt = stored.Receipt;
        style.Write(text, Ink.Bold, $"Receipt of run {receipt.RunId}").Append("  ");
        style.Write(text, InkOf(receipt.Status), RunEventWriter.NameOf(receipt.Status)).Line();
        Field(text, style, "pipeline", $"{receipt.Pipeline.Name} ({receipt.Pipeline.File}, sha256 {Short(receipt.Pipeline.Digest)})");
        Field(text, style, "project", receipt.Project);
        if (receipt.Source.Commit is { } commit)
        {
            Field(text, style, "commit", $"{commit}{(receipt.Source.Branch is { } branch ? $" on {branch}" : "")}{(receipt.Source.IsDirty == true ? ", with changes" : "")}");
        }

        if (receipt.Source.Tree is { } tree)
        {
            Field(text, style, "sources", $"tree {Short(tree)}");
        }

        foreach (var (name, value) in receipt.Parameters)
        {
            Field(text, style, "param", value is null ? $"{name} (holds a secret)" : $"{name}={value}");
        }

        foreach (var part in receipt.Selection)
        {
            Field(text, style, "asked for", part);
        }

        Field(text, style, "builder", $"{Short(receipt.Builder, BuilderPrefix)}, cairn {receipt.Version}, tier {receipt.Tier}");
        Field(text, style, "started", $"{receipt.Started.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture)}, {Words.Ago(receipt.Started, now)}");
        Field(text, style, "took", Words.Duration(receipt.Duration));
        Field(text, style, "signed by", signer);
        Field(text, style, "payload", stored.Envelope.PayloadHash);
        Field(text, style, "file", stored.Path);
        text.Line();
        AppendSteps(text, receipt, style);
        AppendToolchains(text, receipt, style);
        AppendOutputs(text, receipt, style);
    }

    private static void AppendSteps(ByteText text, RunReceipt receipt, Style style)
    {
        var table = new Table("JOB", "STATUS", "CACHE", "TOOK", "ISOLATION", "NETWORK", "ACTION", "ATTESTATION", "OUTPUTS");
        foreach (var step in receipt.Steps)
        {
            table.Add(
                (step.Job, Ink.Plain),
                (Words.Status(step.Status) + (step.IsAllowed ? " (allowed)" : ""), RunsText.InkOf(step.Status)),
                (step.Cache switch { CacheState.Hit => "hit", CacheState.Miss => "miss", CacheState.Off => "off", _ => "" }, Ink.Plain),
                (step.Attempts > 0 ? Words.Duration(step.Duration) : "", Ink.Plain),
                (step.Isolation, Ink.Plain),
                (step.Network, Ink.Plain),
                (step.Action is { } action ? Short(action) : "", Ink.Dim),
                (step.Attestation is { } attestation ? Short(attestation) : "", Ink.Dim),
                (step.Outputs.Length + step.Links.Length is > 0 and var count ? count.ToString(CultureInfo.InvariantCulture) : "", Ink.Plain));
        }

        table.AppendTo(text, style, indent: 0);
    }

    private static void AppendToolchains(ByteText text, RunReceipt receipt, Style style)
    {
        if (receipt.Toolchains.IsEmpty)
        {
            return;
        }

        text.Line();
        style.Write(text, Ink.Bold, "Toolchains").Line();
        foreach (var toolchain in receipt.Toolchains)
        {
            text.Append("  ");
            style.Write(text, Ink.Dim, Short(toolchain.Tree)).Append("  ").Append(AnsiText.Clean($"{toolchain.Name}: {toolchain.Origin}{(toolchain.IsHermetic ? "" : ", of the machine")}")).Line();
        }
    }

    private static void AppendOutputs(ByteText text, RunReceipt receipt, Style style)
    {
        var subjects = RunProvenance.SubjectsOf(receipt);
        if (subjects[0].Name.StartsWith(RunProvenance.RunSubject, StringComparison.Ordinal))
        {
            return;
        }

        text.Line();
        style.Write(text, Ink.Bold, "Outputs").Line();
        for (var i = 0; i < Math.Min(subjects.Length, OutputsMax); i++)
        {
            text.Append("  ");
            style.Write(text, Ink.Dim, Short(subjects[i].Sha256)).Append("  ").Append(AnsiText.Clean(subjects[i].Name)).Line();
        }

        if (subjects.Length > OutputsMax)
        {
            text.Append("  ").Line($"and {subjects.Length - OutputsMax} more: `cairn receipt show {receipt.RunId} --json`");
        }
    }

    private static void Field(ByteText text, Style style, string name, string value) => style.Write(text, Ink.Dim, $"  {name,-10}").Append(AnsiText.Clean(value)).Line();

    private static int Hits(RunReceipt receipt) => receipt.Steps.Count(static s => s.Cache == CacheState.Hit);

    private static string Short(string hash) => hash.Length > HashChars ? hash[..HashChars] : hash;

    private static string Short(string uri, string prefix) => uri.StartsWith(prefix, StringComparison.Ordinal) ? uri[prefix.Length..] : uri;

    private static Ink InkOf(RunStatus status) => status switch
    {
        RunStatus.Succeeded => Ink.Good,
        RunStatus.Failed => Ink.Bad,
        _ => Ink.Warning,
    };
}
