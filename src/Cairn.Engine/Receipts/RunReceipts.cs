using System.Diagnostics.CodeAnalysis;

using Cairn.Core;
using Cairn.Engine.History;
using Cairn.Store.Actions;
using Cairn.Store.Content;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Statements;

namespace Cairn.Engine.Receipts;

/// <summary>A receipt as it stands in a run's folder. That it can be read says nothing of who signed it.</summary>
/// <param name="Run">The run in whose folder it stands.</param>
/// <param name="Path">The file.</param>
/// <param name="Bytes">Its bytes: the envelope.</param>
/// <param name="Envelope">The envelope.</param>
/// <param name="Statement">What was signed.</param>
/// <param name="Receipt">What that says.</param>
[SuppressMessage("Performance", "CA1819:Properties should not return arrays", Justification = "The bytes of a file, made for one reader")]
public sealed record StoredReceipt(RunId Run, string Path, byte[] Bytes, Envelope Envelope, Statement Statement, RunReceipt Receipt);

/// <summary>An attestation as the action cache has it. That it can be read says nothing of who signed it.</summary>
/// <param name="Envelope">The envelope.</param>
/// <param name="Statement">What was signed.</param>
public sealed record StoredAttestation(Envelope Envelope, Statement Statement);

/// <summary>The receipts of a project's runs: <c>.cairn/runs/ID/receipt.json</c>.</summary>
public sealed class RunReceipts(string projectDirectory)
{
    /// <summary>The name of a receipt in the folder of its run.</summary>
    public const string FileName = "receipt.json";

    /// <summary>Where the receipt of a run stands, whether it is there or not.</summary>
    public string PathOf(RunId run) => RunDirectory.ReceiptFile(System.IO.Path.Combine(RunDirectory.RunsDirectory(projectDirectory), run.Value));

    /// <summary>The name of a file for a job, without an ending: its id, cut and made unique where it is long.</summary>
    public static string FileStem(JobId job) => RunDirectory.FileStem(job);

    /// <summary>The runs that have a receipt, newest first.</summary>
    public IEnumerable<RunId> List()
    {
        var runs = RunDirectory.RunsDirectory(projectDirectory);
        var ids = new List<RunId>();
        foreach (var folder in Directory.Exists(runs) ? Directory.EnumerateDirectories(runs) : [])
        {
            if (RunId.TryParse(System.IO.Path.GetFileName(folder), out var id) && File.Exists(RunDirectory.ReceiptFile(folder)))
            {
                ids.Add(id);
            }
        }

        ids.Sort(static (left, right) => string.CompareOrdinal(right.Value, left.Value));
        return ids;
    }

    /// <summary>Reads the receipt of a run. Null where it has none, and then <paramref name="problem"/> is null, or where it cannot be read.</summary>
    public StoredReceipt? TryRead(RunId run, out string? problem)
    {
        problem = null;
        var path = PathOf(run);
        byte[] bytes;
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
            {
                return null;
            }

            if (file.Length > Cairn.Trust.Limits.EnvelopeBytesMax)
            {
                problem = $"it has more than {Cairn.Trust.Limits.EnvelopeBytesMax >> 20} MiB";
                return null;
            }

            bytes = File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            problem = exception.Message;
            return null;
        }

        return Envelope.TryReadOwn(bytes, out problem) is { } envelope && StatementOf(envelope, out problem) is { } statement && RunProvenance.TryRead(statement, out problem) is { } receipt
            ? new StoredReceipt(run, path, bytes, envelope, statement, receipt)
            : null;
    }

    /// <summary>The attestation that a receipt names for a step, from the store, also where its action was executed again since; null, with the reason, where it is not there.</summary>
    public static StoredAttestation? TryFind(ReceiptStep step, ContentStore store, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(step);
        ArgumentNullException.ThrowIfNull(store);
        if (step is not { Action: { } action, Attestation: { } attestation })
        {
            problem = "it has no attestation";
            return null;
        }

        if (StoredEnvelopes.TryReadEntry(store, action, attestation, out problem, out _)?.Envelope is not { } envelope)
        {
            return null;
        }

        return StatementOf(envelope, out problem) is { } statement ? new StoredAttestation(envelope, statement) : null;
    }

    private static Statement? StatementOf(Envelope envelope, out string? problem)
    {
        problem = envelope.PayloadType == Envelope.InTotoType ? null : $"its payload is no `{Envelope.InTotoType}`";
        return problem is null ? Statement.TryRead(envelope.Payload.AsSpan(), out problem) : null;
    }
}
