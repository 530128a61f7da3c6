using System.Globalization;
using System.Net;

using Cairn.Engine.Serving;
using Cairn.Trust.Notes;
using Cairn.Trust.Verification;

namespace Cairn.Engine.Log;

/// <summary>Sends entries to a log on a server.</summary>
public static class RemoteLog
{
    /// <summary>Appends; where they stand, with a checkpoint that a trusted log signed. Throws <see cref="LogUnavailableException"/>, and <see cref="LogBreachException"/> where nobody who is trusted signed.</summary>
    /// <param name="address">The log.</param>
    /// <param name="token">What it wants to know.</param>
    /// <param name="submission">The envelopes, and the key that signed them.</param>
    /// <param name="trust">Which logs are believed.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<(AppendedEntries Entries, JudgedCheckpoint Checkpoint)> AppendAsync(Uri address, string token, AppendSubmission submission, LogTrust trust, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(submission);
        ArgumentNullException.ThrowIfNull(trust);
        var prefix = LogHttp.AsFolder(address);
        using var http = new LogHttp(prefix, time, new LogPatience());
        var (status, body) = await http.PostAsync(new Uri(prefix, LogSite.AppendPath[1..]), submission.ToJson(), AppendSubmission.MediaType, token, AppendSubmission.BytesMax, cancellationToken).ConfigureAwait(false);
        if (status != HttpStatusCode.OK)
        {
            throw new LogUnavailableException(status is HttpStatusCode.Unauthorized ? $"The log at {prefix} does not take the token" : string.Create(CultureInfo.InvariantCulture, $"The log at {prefix} answers with {(int)status}"));
        }

        if (AppendedEntries.TryRead(body) is not { } appended || appended.Indices.Length != submission.Envelopes.Length || SignedNote.TryParse(appended.Checkpoint.AsSpan(), out var problem) is not { } note)
        {
            throw new LogUnavailableException($"The log at {prefix} answers with something that is no answer");
        }

        var judged = trust.Judge(note, time.GetUtcNow(), out problem) ?? throw new LogBreachException(LogBreach.Unsigned, $"The checkpoint of {prefix} is not believed: {problem}", seen: note);
        return appended.Indices.All(i => i < judged.Checkpoint.Size) ? (appended, judged) : throw new LogUnavailableException($"The log at {prefix} answers with places that its checkpoint does not have");
    }
}
