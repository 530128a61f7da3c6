using System.Globalization;
using System.Text;

using Cairn.Core.Content;
using Cairn.Store.Files;
using Cairn.Trust.Verification;

namespace Cairn.Engine.Trust;

/// <summary>
/// What is known of a trust store that was read and found good, so that the next run need not read it as YAML: which content, which signing key, and until when no key of it begins or ceases to count.
/// It stands in the user's state, by which nothing is trusted that the content does not say.
/// </summary>
/// <param name="Content">The hash of the content.</param>
/// <param name="SignWith">The key that the file lets sign, or null.</param>
/// <param name="Signer">The key that signed then.</param>
/// <param name="SignerHash">The hash of its public key's file; empty where a command signs.</param>
/// <param name="From">Since when this holds.</param>
/// <param name="Until">Until when this holds.</param>
internal sealed record TrustNote(string Content, string? SignWith, string Signer, string SignerHash, DateTimeOffset From, DateTimeOffset Until)
{
    private const string Head = "cairn-trust 1";
    private const int Fields = 7;

    private static string Build { get; } = Hex.Lower(typeof(TrustNote).Module.ModuleVersionId.ToByteArray());

    /// <summary>For a store that is good now.</summary>
    public static TrustNote Of(string content, string? signWith, string signer, string signerHash, TrustStore store, DateTimeOffset now)
    {
        var (from, until) = (DateTimeOffset.MinValue, DateTimeOffset.MaxValue);
        foreach (var key in store.Keys)
        {
            foreach (var moment in (ReadOnlySpan<DateTimeOffset?>)[key.From, key.Until])
            {
                if (moment <= now && moment > from)
                {
                    from = moment.Value;
                }
                else if (moment > now && moment < until)
                {
                    until = moment.Value;
                }
            }
        }

        return new TrustNote(content, signWith, signer, signerHash, from, until);
    }

    /// <summary>Where it stands in a user's state.</summary>
    public static string PathIn(string stateDirectory) => Path.Combine(stateDirectory, "trust");

    /// <summary>Reads one; null where there is none, or one of another build.</summary>
    public static TrustNote? TryRead(string path)
    {
        try
        {
            if (!File.Exists(path))
            {
                return null;
            }

            var lines = File.ReadAllText(path).Split('\n');
            return lines.Length == Fields + 2 && lines[0] == $"{Head} {Build}" && TryTime(lines[5], out var from) && TryTime(lines[6], out var until)
                ? new TrustNote(lines[1], lines[2].Length == 0 ? null : lines[2], lines[3], lines[4], from, until)
                : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Keeps it; losing it costs time only.</summary>
    public void TryWrite(string path)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            DurableFile.Replace(path, Encoding.UTF8.GetBytes($"{Head} {Build}\n{Content}\n{SignWith}\n{Signer}\n{SignerHash}\n{Ticks(From)}\n{Ticks(Until)}\nend\n"), durable: false, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The next run reads the trust store again.
        }
    }

    /// <summary>Whether it was made of this content and signing key, and holds at a time.</summary>
    public bool Holds(string content, string signer, string signerHash, DateTimeOffset now) =>
        string.Equals(Content, content, StringComparison.Ordinal) && string.Equals(Signer, signer, StringComparison.Ordinal) && string.Equals(SignerHash, signerHash, StringComparison.Ordinal)
        && From <= now && now < Until;

    private static string Ticks(DateTimeOffset time) => time.UtcTicks.ToString(CultureInfo.InvariantCulture);

    private static bool TryTime(string text, out DateTimeOffset time)
    {
        var isTime = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) && ticks <= DateTimeOffset.MaxValue.UtcTicks;
        time = isTime ? new DateTimeOffset(ticks, TimeSpan.Zero) : default;
        return isTime;
    }
}
