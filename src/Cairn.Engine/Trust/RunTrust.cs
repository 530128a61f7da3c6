using Cairn.Core.Content;
using Cairn.Engine.Caching.Memo;
using Cairn.Store.Actions;
using Cairn.Store.Keys;
using Cairn.Trust.Keys;
using Cairn.Trust.Verification;

namespace Cairn.Engine.Trust;

/// <summary>
/// What signs the results of a run and judges those of others. Nothing of it comes from the project or the store. Keys are read when the first result is asked for or kept: a run that the memo
/// answers needs none.
/// </summary>
internal sealed class RunTrust
{
    private const Tier RunTier = Tier.Branch;

    private readonly KeyFolder _keys;
    private readonly string _stateDirectory;
    private readonly TimeProvider _time;
    private readonly Lazy<Opened> _opened;
    private readonly Lazy<Signing> _signing;

    private RunTrust(KeyFolder keys, string stateDirectory, TimeProvider time)
    {
        _keys = keys;
        _stateDirectory = stateDirectory;
        _time = time;
        _opened = new Lazy<Opened>(Open);
        _signing = new Lazy<Signing>(OpenSigner);
    }

    private sealed record Signing(SigningKey? Key, string? Problem);

    private sealed record Opened(ResultSeal Seal, VerdictMemo? Verdicts);

    /// <summary>What the memo of a run depends on: whose results count. Two that are equal trust the same keys.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Why results cannot be signed, and so are not kept; null where they can.</summary>
    public string? Problem { get; private init; }

    /// <summary>The tier of the run.</summary>
    public static string TierWord => TierWords.Of(RunTier);

    /// <summary>What seals results and opens them.</summary>
    public ResultSeal Seal => _opened.Value.Seal;

    /// <summary>The key that signs for this machine; null, with the reason, where none can. It is opened when it is first asked for.</summary>
    public ISigner? TryGetSigner(out string? problem)
    {
        problem = _signing.Value.Problem;
        return _signing.Value.Key;
    }

    /// <summary>Finds the user's key, or makes it where there is none.</summary>
    public static RunTrust Find(RunRequest request, TimeProvider time) => Find(request.KeysDirectory, request.StateDirectory, time);

    /// <summary>The same for what is no run.</summary>
    public static RunTrust Find(string? keysDirectory, string stateDirectory, TimeProvider time)
    {
        var keys = new KeyFolder(keysDirectory ?? Path.Combine(stateDirectory, "keys"));
        string? problem = null;
        var fingerprint = "";
        try
        {
            fingerprint = Fingerprinted(keys) ?? Made(keys);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            problem = exception.Message;
        }

        return new RunTrust(keys, stateDirectory, time) { Fingerprint = fingerprint, Problem = problem };
    }

    /// <summary>Keeps what was verified, for the next run.</summary>
    public void Save()
    {
        if (_opened.IsValueCreated)
        {
            _opened.Value.Verdicts?.Save();
        }
    }

    private static string? Fingerprinted(KeyFolder keys)
    {
        var path = Path.Combine(keys.Path, KeyFolder.DefaultName + ".pub");
        return File.Exists(path) ? Digest.Of(File.ReadAllBytes(path)).Hash : null;
    }

    private static string Made(KeyFolder keys)
    {
        keys.OpenOrCreateDefault().Dispose();
        return Fingerprinted(keys) ?? throw new IOException($"The key in `{keys.Path}` vanished as soon as it was made");
    }

    private Signing OpenSigner()
    {
        if (Problem is not null)
        {
            return new Signing(null, Problem);
        }

        try
        {
            return new Signing(_keys.OpenOrCreateDefault(), null);
        }
        catch (IOException exception)
        {
            return new Signing(null, exception.Message);
        }
    }

    private Opened Open()
    {
        // Where there is none that is said where the next result is to be kept; what others signed with trusted keys counts still.
        var signer = _signing.Value.Key;
        var trust = new TrustSet(signer is null ? [] : [new TrustedKey { Key = signer.PublicKey, Name = KeyFolder.DefaultName, IsOwn = true }]);
        var now = _time.GetUtcNow();
        var verifier = new HitVerifier(trust, RunTier);
        var verdicts = MemoKey.TryGet(_stateDirectory) is { } key
            ? VerdictMemo.Open(Path.Combine(_stateDirectory, "verdicts"), key, verifier.Fingerprint, now, trust.NextChange(now))
            : null;
        return new Opened(new ResultSeal(verifier, signer, verdicts, _time), verdicts);
    }
}
