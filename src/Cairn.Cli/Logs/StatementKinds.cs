using Cairn.Cli.Commands;
using Cairn.Engine.Configuration;
using Cairn.Engine.Projects;
using Cairn.Engine.Receipts;
using Cairn.Engine.Verification;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Statements;

namespace Cairn.Cli.Logs;

/// <summary>What statements are of which a log has the hashes alone: as far as they stand in the records of runs that this machine has.</summary>
internal static class StatementKinds
{
    private const int FilesMax = 500;

    /// <summary>The kinds of statements by their payload hashes. Those that are not found are not in it.</summary>
    /// <param name="services">The world.</param>
    /// <param name="hashes">The hashes; looked for until all are found, among the newest of each project.</param>
    public static Dictionary<string, string> Find(CommandServices services, IEnumerable<string> hashes)
    {
        var (open, kinds) = (hashes.ToHashSet(StringComparer.Ordinal), new Dictionary<string, string>(StringComparer.Ordinal));
        var projects = new KnownProjects(UserFolders.State(services.Variable)).List().Select(static p => p.Path).Prepend(ProjectOptions.Nearest(services.CurrentDirectory) ?? services.CurrentDirectory);
        foreach (var file in projects.Distinct(StringComparer.Ordinal).SelectMany(FilesOf).Take(FilesMax))
        {
            if (open.Count == 0)
            {
                break;
            }

            if (TryRead(file) is { } envelope && open.Remove(envelope.PayloadHash))
            {
                kinds[envelope.PayloadHash] = KindOf(envelope);
            }
        }

        return kinds;
    }

    private static IEnumerable<string> FilesOf(string project)
    {
        var receipts = new RunReceipts(project);
        foreach (var run in receipts.List())
        {
            var receipt = receipts.PathOf(run);
            yield return receipt;
            var approvals = Path.Combine(Path.GetDirectoryName(receipt)!, AttestationFinder.ApprovalsFolder);
            foreach (var approval in Directory.Exists(approvals) ? Directory.EnumerateFiles(approvals, "*.json") : [])
            {
                yield return approval;
            }
        }
    }

    private static Envelope? TryRead(string file)
    {
        try
        {
            return new FileInfo(file) is { Exists: true, Length: <= Trust.Limits.EnvelopeBytesMax } ? Envelope.TryRead(File.ReadAllBytes(file), out _) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string KindOf(Envelope envelope) => Statement.TryRead(envelope.Payload.AsSpan(), out _) switch
    {
        { } statement when RunProvenance.IsReceipt(statement) => "receipt",
        { PredicateType: Approval.PredicateType } => "approval",
        _ => "statement",
    };
}
