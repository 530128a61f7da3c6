using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;
using Cairn.Engine.Caching.Memo;
using Cairn.Engine.Log;
using Cairn.Store.Actions;
using Cairn.Store.Keys;
using Cairn.Store.Log;
using Cairn.Trust.Keys;
using Cairn.Trust.Verification;

namespace Cairn.Engine.Trust;

/// <summary>
/// What signs the results of a run and judges those of others. Nothing of it comes from the project or the store. The trust store is read when it has changed since it was last found good, keys when the first
/// result is asked for or kept: a run that the memo answers needs neither.
/// </summary>
internal sealed class RunTrust : IDisposable
{
    private const Tier RunTier = Tier.Branch;

    private readonly string? _keysDirectory;
    private readonly KeyFolder _keys;
    private readonly string _stateDirectory;
    private readonly TimeProvider _time;
    private readonly Lazy<Opened> _opened;
    private readonly Lazy<Signing> _signing;
    private readonly Lazy<TrustStore> _store;
    private TrustStore? _checked;

    private RunTrust(string? keysDirectory, string stateDirectory, TimeProvider time)
    {
        _keysDirectory = keysDirectory;
        _keys = new KeyFolder(TrustFiles.KeysFolderOf(keysDirectory, stateDirectory));
        _stateDirectory = stateDirectory;
        _time = time;
        _opened = new Lazy<Opened>(Open);
        _signing = new Lazy<Signing>(OpenSigner);
        _store = new Lazy<TrustStore>(LoadStore);
    }

    private sealed record Opened(ResultSeal Seal, VerdictMemo? Verdicts);

    private sealed record Signing(ISigner? Signer, string? Problem);

    /// <summary>What the memo of a run depends on: whose results count. Two that are equal trust the same keys.</summary>
    public string Fingerprint { get; private set; } = "";

    /// <summary>The mistakes of the trust store, and why the key that shall sign cannot; with an error nothing may run.</summary>
    public ImmutableArray<Diagnostic> Diagnostics { get; private set; } = [];

    /// <summary>The first error among <see cref="Diagnostics"/>, or null.</summary>
    public Diagnostic? Refusal => Diagnostics.FirstOrDefault(static d => d.Severity == DiagnosticSeverity.Error);

    /// <summary>The trust store's text, to show lines of it.</summary>
    public ImmutableDictionary<string, SourceText> Sources { get; private set; } = ImmutableDictionary<string, SourceText>.Empty;

    /// <summary>Why results cannot be signed, and so are not kept; null where they can, as far as is known.</summary>
    public string? Problem { get; private set; }

    /// <summary>The results that count no more although their signatures are good.</summary>
    public Demotions Demotions { get; private set; } = Demotions.None;

    /// <summary>The name of the key that signs.</summary>
    public string SignerName { get; private set; } = KeyFolder.DefaultName;

    /// <summary>The tier of the run.</summary>
    public static string TierWord => TierWords.Of(RunTier);

    /// <summary>What seals results and opens them.</summary>
    public ResultSeal Seal => _opened.Value.Seal;

    /// <summary>What was signed and has to be logged yet; null where no log is kept.</summary>
    public SealedEntries? Entries { get; private init; }

    /// <summary>Whom to believe, the key that signs here among them.</summary>
    public TrustStore Store => _store.Value;

    private string NotePath => TrustNote.PathIn(_stateDirectory);

    /// <summary>The key that signs for this machine; null, with the reason, where none can. It is opened when it is first asked for.</summary>
    public ISigner? TryGetSigner(out string? problem)
    {
        problem = _signing.Value.Problem;
        return _signing.Value.Signer;
    }

    /// <summary>Finds the user's trust and the key that signs, or makes the default one where there is none.</summary>
    public static RunTrust Find(RunRequest request, TimeProvider time) =>
        Find(request.KeysDirectory, request.StateDirectory, time, request.SignWith, request.Signer, request.Log is LogTarget.Off ? null : new SealedEntries(keepsEnvelopes: request.Log is LogTarget.Remote));

    /// <summary>The same for what is no run.</summary>
    public static RunTrust Find(string? keysDirectory, string stateDirectory, TimeProvider time, string? signWith = null, ISigner? signer = null, SealedEntries? entries = null)
    {
        var trust = new RunTrust(keysDirectory, stateDirectory, time) { Given = signer, Entries = entries };
        trust.Look(signWith);
        return trust;
    }

    /// <summary>The key that was opened before the run; null where it is opened here.</summary>
    private ISigner? Given { get; init; }

    /// <summary>Keeps what was verified, for the next run.</summary>
    public void Save()
    {
        if (_opened.IsValueCreated)
        {
            _opened.Value.Verdicts?.Save();
        }
    }

    /// <summary>Wipes the key that was opened here.</summary>
    public void Dispose()
    {
        if (_signing.IsValueCreated && !ReferenceEquals(_signing.Value.Signer, Given))
        {
            (_signing.Value.Signer as IDisposable)?.Dispose();
        }
    }

    private void Look(string? signWith)
    {
        var mistakes = new DiagnosticBag();
        try
        {
            Demotions = Demotions.Load(_stateDirectory);
        }
        catch (IOException exception)
        {
            mistakes.Error(DiagnosticCodes.DemotionsUnreadable, exception.Message, SourceSpan.None, "Mend that; removing the file lets the results count again that did not hold");
        }

        var path = TrustFiles.PathOf(_keysDirectory);
        var content = path is null ? null : TrustFiles.Read(path, mistakes);
        var hash = content is null ? "" : TrustFiles.HashOf(path!, content);
        var note = content is null ? null : TrustNote.TryRead(NotePath);
        note = note is not null && string.Equals(note.Content, hash, StringComparison.Ordinal) ? note : null;
        // For what it says of the key that signs; it is judged below, when that key is there.
        var sources = Sources;
        var file = content is null || note is not null ? null : TrustFiles.Parse(path!, content, mistakes, out sources);
        var configured = note is null ? file?.SignWith : note.SignWith;
        SignerName = signWith ?? configured ?? KeyFolder.DefaultName;
        var signerHash = mistakes.HasErrors ? "" : HashOfSigner(isChosen: signWith is not null || configured is not null, mistakes);
        var now = _time.GetUtcNow();
        if (content is null && signerHash.Length == 0 && Problem is null && !mistakes.HasErrors)
        {
            MissingSigner(mistakes);
        }
        else if (content is not null && !mistakes.HasErrors && note?.Holds(hash, SignerName, signerHash, now) is not true)
        {
            file ??= TrustFiles.Parse(path!, content, mistakes, out sources);
            var store = file is null ? null : TrustFiles.WithSigner(file.Store, _keysDirectory, SignerName, mistakes);
            if (store is not null && CheckSigner(store, mistakes))
            {
                _checked = store;
                note = TrustNote.Of(hash, file!.SignWith, SignerName, signerHash, store, now);
                note.TryWrite(NotePath);
            }
        }

        Diagnostics = mistakes.ToSorted();
        Sources = sources;
        Fingerprint = content is null ? $"{SignerName} {signerHash}" : $"{SignerName} {signerHash} {hash} {note?.From.UtcTicks} {note?.Until.UtcTicks}";
        Fingerprint = Demotions.Count == 0 ? Fingerprint : $"{Fingerprint} {Demotions.Fingerprint}";
    }

    /// <summary>The hash of the public key's file, the default one made where it is missing; empty where a command signs, or nothing.</summary>
    private string HashOfSigner(bool isChosen, DiagnosticBag mistakes)
    {
        if (!KeyNames.IsName(SignerName))
        {
            mistakes.Error(DiagnosticCodes.SigningKeyClosed, $"`{SignerName}` cannot be the name of a key", SourceSpan.None, KeyNames.Rule);
            return "";
        }

        try
        {
            var hash = FileHash(SignerName);
            if (hash.Length == 0 && !isChosen)
            {
                _keys.OpenOrCreateDefault().Dispose();
                hash = FileHash(SignerName) is { Length: > 0 } made ? made : throw new IOException($"The key in `{_keys.Path}` vanished as soon as it was made");
            }

            return hash;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Problem = exception.Message;
            return "";
        }
    }

    private string FileHash(string name)
    {
        var file = _keys.PublicPathOf(name);
        return File.Exists(file) ? Digest.Of(File.ReadAllBytes(file)).Hash : "";
    }

    /// <summary>Whether the key that shall sign can, as far as the trust store tells.</summary>
    private bool CheckSigner(TrustStore store, DiagnosticBag mistakes)
    {
        var key = TrustFiles.FindExternal(store, SignerName) ?? (FileHash(SignerName).Length > 0 && _keys.FindPublic(SignerName) is PublicKey own ? store.HitKeys.Find(own) : null);
        if (key is null && Problem is null)
        {
            MissingSigner(mistakes);
        }
        else if (key?.ProblemAt(_time.GetUtcNow()) is { } problem)
        {
            mistakes.Error(DiagnosticCodes.SigningKeyNotValid, $"This run would sign with a key that does not count: {problem}", SourceSpan.None, "Make another one with `cairn keys generate NAME`, and choose it with `--key NAME` or `sign_with: NAME`");
        }

        return !mistakes.HasErrors;
    }

    /// <summary>The trust store with the key that signs, where it was not read when the run began.</summary>
    private TrustStore LoadStore()
    {
        if (_checked is { } store)
        {
            return store;
        }

        var mistakes = new DiagnosticBag();
        store = TrustFiles.PathOf(_keysDirectory) is { } path && TrustFiles.Read(path, mistakes) is { } content
            ? TrustFiles.Parse(path, content, mistakes, out _)?.Store ?? TrustStore.Empty
            : TrustStore.Empty;
        if (_signing.Value.Signer is { } signer)
        {
            return store.WithSigner(SignerName, signer.PublicKey);
        }

        try
        {
            return KeyNames.IsName(SignerName) && _keys.FindPublic(SignerName) is PublicKey own ? store.WithSigner(SignerName, own) : store;
        }
        catch (IOException)
        {
            return store;
        }
    }

    private void MissingSigner(DiagnosticBag mistakes)
    {
        if (FileHash(SignerName).Length > 0 && _keys.FindPublic(SignerName) is { } other and not PublicKey)
        {
            mistakes.Error(DiagnosticCodes.SigningKeyClosed, $"The key `{SignerName}` is {other.Algorithm}, and Cairn signs with Ed25519", SourceSpan.None, "Choose another one: `cairn keys list` shows the keys there are");
            return;
        }

        mistakes.Error(DiagnosticCodes.SigningKeyClosed, $"There is no key `{SignerName}` to sign with", SourceSpan.None, $"`cairn keys list` shows the keys there are, and `cairn keys generate {SignerName}` makes this one");
    }

    private Signing OpenSigner()
    {
        if (Given is not null || Problem is not null)
        {
            return new Signing(Given, Given is null ? Problem : null);
        }

        try
        {
            // A key with a command is known from the trust store; all others stand in the folder.
            if (FileHash(SignerName).Length == 0 && External() is { } external)
            {
                return new Signing(new CommandSigner(external.Name, (PublicKey)external.Key, external.Signer, Path.Combine(_stateDirectory, "signing")), null);
            }

            return new Signing(_keys.Open(SignerName, passphrase: default), null);
        }
        catch (IOException exception)
        {
            return new Signing(null, exception.Message);
        }
    }

    private TrustedKey? External() => TrustFiles.FindExternal(_checked ?? TrustFiles.Load(_keysDirectory, SignerName).Store, SignerName);

    private Opened Open()
    {
        // Where there is none to sign, that is said when the next result is to be kept; what others signed with trusted keys counts still.
        var (signer, problem) = _signing.Value;
        var trust = Store.HitKeys;
        var now = _time.GetUtcNow();
        var verifier = new HitVerifier(trust, RunTier);
        var verdicts = MemoKey.TryGet(_stateDirectory) is { } key
            ? VerdictMemo.Open(Path.Combine(_stateDirectory, "verdicts"), key, verifier.Fingerprint, now, trust.NextChange(now))
            : null;
        return new Opened(new ResultSeal(verifier, signer, verdicts, _time) { WhyUnsigned = problem, Entries = Entries, Demotions = Demotions }, verdicts);
    }
}
