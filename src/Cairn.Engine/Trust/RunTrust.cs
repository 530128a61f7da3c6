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
    /// <summary>The builder that a machine of somebody's own is: SLSA Build level 1.</summary>
    public const string LocalBuilder = "https://cairn.build/builder/local/v1";

    private const Tier RunTier = Tier.Branch;

    private readonly KeyFolder _keys;
    private readonly string _stateDirectory;
    private readonly TimeProvider _time;
    private readonly Lazy<Opened> _opened;

    private RunTrust(KeyFolder keys, string stateDirectory, TimeProvider time)
    {
        _keys = keys;
        _stateDirectory = stateDirectory;
        _time = time;
        _opened = new Lazy<Opened>(Open);
    }

    private sealed record Opened(ResultSeal Seal, VerdictMemo? Verdicts);

    /// <summary>What the memo of a run depends on: whose results count. Two that are equal trust the same keys.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Why results cannot be signed, and so are not kept; null where they can.</summary>
    public string? Problem { get; private init; }

    /// <summary>The tier of the run.</summary>
    public static string TierWord => TierWords.Of(RunTier);

    /// <summary>What seals results and opens them.</summary>
    public ResultSeal Seal => _opened.Value.Seal;

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

    private Opened Open()
    {
        SigningKey? signer = null;
        TrustSet trust;
        try
        {
            signer = Problem is null ? _keys.OpenOrCreateDefault() : null;
            trust = new TrustSet(signer is null ? [] : [new TrustedKey { Key = signer.PublicKey, Name = KeyFolder.DefaultName, IsOwn = true }]);
        }
        catch (IOException)
        {
            // Said where the next result is to be kept; what others signed with trusted keys counts still.
            trust = new TrustSet([]);
        }

        var now = _time.GetUtcNow();
        var verifier = new HitVerifier(trust, RunTier);
        var verdicts = MemoKey.TryGet(_stateDirectory) is { } key
            ? VerdictMemo.Open(Path.Combine(_stateDirectory, "verdicts"), key, verifier.Fingerprint, now, trust.NextChange(now))
            : null;
        return new Opened(new ResultSeal(verifier, signer, verdicts, _time), verdicts);
    }
}
