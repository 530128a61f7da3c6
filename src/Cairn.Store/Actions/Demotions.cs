using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using Cairn.Core.Content;
using Cairn.Store.Content;
using Cairn.Store.Files;

namespace Cairn.Store.Actions;

/// <summary>A result that counts no more, although its signature is good: executed again, its action made something else.</summary>
/// <param name="Attestation">The payload hash of its attestation.</param>
/// <param name="Action">The hash of its action.</param>
/// <param name="Time">When that was found, UTC, to the second.</param>
/// <param name="Verdict">What was found: <c>nondeterministic</c>, <c>unexplained</c>, <c>tampered</c>.</param>
public sealed record Demotion(string Attestation, string Action, DateTimeOffset Time, string Verdict);

/// <summary>
/// Which results were demoted on this machine. It stands in the user's state: the store, which others may write, can neither undo one nor make one. An execution makes another attestation, which is not demoted.
/// </summary>
/// <remarks><code>file = "cairn-demoted 1" 0A *(ATTESTATION " " ACTION " " TIME " " VERDICT 0A)</code></remarks>
public sealed class Demotions
{
    private const string FileName = "demoted";
    private const string Heading = "cairn-demoted 1";
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    private readonly Dictionary<string, Demotion> _byAttestation;

    private Demotions(Dictionary<string, Demotion> byAttestation, string fingerprint)
    {
        _byAttestation = byAttestation;
        Fingerprint = fingerprint;
    }

    /// <summary>No demotions.</summary>
    public static Demotions None { get; } = new(new Dictionary<string, Demotion>(StringComparer.Ordinal), "");

    /// <summary>Changes whenever there are others; empty where there are none.</summary>
    public string Fingerprint { get; }

    /// <summary>How many there are.</summary>
    public int Count => _byAttestation.Count;

    /// <summary>Reads those of a user's state. Throws <see cref="IOException"/> where they cannot be read: what they demoted must not count again by that.</summary>
    public static Demotions Load(string stateDirectory)
    {
        var path = PathIn(stateDirectory);
        try
        {
            return File.Exists(path) ? Read(path) : None;
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new IOException($"`{path}` cannot be read: permission denied", exception);
        }
    }

    /// <summary>Adds one, durably. Throws <see cref="IOException"/>.</summary>
    public static async Task AddAsync(string stateDirectory, Demotion demotion, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(demotion);
        Directory.CreateDirectory(stateDirectory);
        var path = PathIn(stateDirectory);
        using var held = await FileLock.AcquireAsync($"{path}.lock", "cairn challenge", waiting: null, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        var known = Load(stateDirectory)._byAttestation.Values.Where(d => d.Attestation != demotion.Attestation).Append(demotion).ToArray();
        if (known.Length > Limits.DemotionsMax)
        {
            throw new IOException($"`{path}` has {Limits.DemotionsMax} results already: look why so many do not hold, then remove the file and the store, which makes everything anew");
        }

        Array.Sort(known, static (left, right) => left.Time != right.Time ? left.Time.CompareTo(right.Time) : string.CompareOrdinal(left.Attestation, right.Attestation));
        var text = new StringBuilder(Heading).Append('\n');
        foreach (var one in known)
        {
            text.Append(CultureInfo.InvariantCulture, $"{one.Attestation} {one.Action} {one.Time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture)} {one.Verdict}\n");
        }

        DurableFile.Replace(path, Encoding.UTF8.GetBytes(text.ToString()));
    }

    /// <summary>The demotion of the result that an attestation is of; null where it counts.</summary>
    public Demotion? Find(string attestation) => _byAttestation.GetValueOrDefault(attestation);

    /// <summary>The newest demotion of a result of an action; null where none was demoted.</summary>
    public Demotion? OfAction(string action)
    {
        Demotion? newest = null;
        foreach (var demotion in _byAttestation.Values)
        {
            newest = demotion.Action == action && (newest is null || demotion.Time > newest.Time) ? demotion : newest;
        }

        return newest;
    }

    private static string PathIn(string stateDirectory) => Path.Combine(stateDirectory, FileName);

    private static Demotions Read(string path)
    {
        var content = File.ReadAllBytes(path);
        var lines = Encoding.UTF8.GetString(content).Split('\n');
        var known = new Dictionary<string, Demotion>(StringComparer.Ordinal);
        for (var i = 0; i < lines.Length; i++)
        {
            if (i == 0 ? lines[i] != Heading : i < lines.Length - 1 ? !TryAdd(lines[i], known) : lines[i].Length > 0)
            {
                throw new IOException(string.Create(CultureInfo.InvariantCulture, $"`{path}` cannot be read: line {i + 1} is not as Cairn writes it"));
            }
        }

        return new Demotions(known, Digest.Of(content).Hash);
    }

    private static bool TryAdd(string line, Dictionary<string, Demotion> known)
    {
        var parts = line.Split(' ');
        if (parts is not [var attestation, var action, var time, var verdict] || !StorePin.IsHash(attestation) || !StorePin.IsHash(action) || verdict.Length == 0
            || !DateTimeOffset.TryParseExact(time, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
        {
            return false;
        }

        known[attestation] = new Demotion(attestation, action, at, verdict);
        return true;
    }
}
