using Cairn.Trust.Envelopes;
using Cairn.Trust.Keys;
using Cairn.Trust.Log;

namespace Cairn.Store.Log;

/// <summary>What was signed and has to be logged yet. Thread-safe.</summary>
/// <param name="keepsEnvelopes">Whether the envelopes are wanted too, for a log elsewhere.</param>
public sealed class SealedEntries(bool keepsEnvelopes)
{
    private readonly Lock _lock = new();
    private readonly List<LogEntry> _entries = [];
    private readonly List<Envelope> _envelopes = [];

    /// <summary>Notes an envelope that a key has just signed.</summary>
    /// <param name="envelope">It.</param>
    /// <param name="json">The same as JSON.</param>
    /// <param name="attestation">The hash of its payload.</param>
    /// <param name="key">The key.</param>
    /// <param name="action">The hash of the action digest that it is about; null for none.</param>
    /// <param name="outputs">The hash over all that the action left behind; null for none.</param>
    public void Add(Envelope envelope, ReadOnlySpan<byte> json, string attestation, PublicKey key, string? action, string? outputs)
    {
        var entry = LogEntry.Make(envelope, json, attestation, key, action, outputs);
        lock (_lock)
        {
            _entries.Add(entry);
            if (keepsEnvelopes)
            {
                _envelopes.Add(envelope);
            }
        }
    }

    /// <summary>All of it, which then is no longer noted.</summary>
    public (LogEntry[] Entries, Envelope[] Envelopes) Take()
    {
        lock (_lock)
        {
            var all = (_entries.ToArray(), _envelopes.ToArray());
            _entries.Clear();
            _envelopes.Clear();
            return all;
        }
    }
}
