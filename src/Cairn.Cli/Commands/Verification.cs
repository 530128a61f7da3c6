using System.Collections.Immutable;
using System.CommandLine;
using System.Text;

using Cairn.Cli.Logs;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Engine.Configuration;
using Cairn.Engine.Trust;
using Cairn.Engine.Verification;
using Cairn.Execution.Toolchains;
using Cairn.Execution.Toolchains.Debian;
using Cairn.Store.Content;
using Cairn.Store.Files;
using Cairn.Store.Log;
using Cairn.Trust.Keys;
using Cairn.Trust.Notes;
using Cairn.Trust.Policies;
using Cairn.Trust.Verification;

namespace Cairn.Cli.Commands;

/// <summary>What <c>verify</c> and <c>approve</c> have in common: their options, and from these to an outcome.</summary>
internal sealed class Verification
{
    private readonly CommandServices _services;
    private readonly ProjectOptions _project = new();
    private readonly Option<string[]> _attestations = new("--attestation", "-a") { Description = "A file with attestations, instead of those that stand beside: DSSE, in-toto JSON lines, a Sigstore bundle; may be given several times", HelpName = "FILE" };
    private readonly Option<string[]> _keys = new("--public-key") { Description = "A public key (PEM: Ed25519, or ECDSA on P-256) that is trusted this time; may be given several times", HelpName = "FILE" };
    private readonly Option<string[]> _proofs = new("--proof") { Description = "A proof that it stands in a log (C2SP tlog-proof), beside FILE.tlog-proof; may be given several times", HelpName = "FILE" };
    private readonly Option<string[]> _logKeys = new("--log-key") { Description = "A key of the log of --proof that is trusted this time: name+id+base64; may be given several times", HelpName = "KEY" };
    private readonly Option<string> _level = new("--level", "-l") { Description = "What has to hold: basic, strict, or a policy", HelpName = "LEVEL|FILE", DefaultValueFactory = _ => PolicyLevels.Default };

    private readonly Option<string?> _trust = new("--trust") { Description = "Whom to believe, instead of ~/.config/cairn/trust.yaml and this machine's own key", HelpName = "FILE" };

    private readonly Option<string[]> _archiveKeyrings = new("--archive-keyring") { Description = "Keys (OpenPGP) of the archives that toolchains in a bundle come from [default: those of apt's configuration here]; may be given several times", HelpName = "FILE" };

    public Verification(CommandServices services)
    {
        _services = services;
        _level.CompletionSources.Add(_ => PolicyLevels.Names.Select(static n => new System.CommandLine.Completions.CompletionItem(n)));
    }

    /// <summary>The name of the key that signs where no other is chosen; known once something was verified.</summary>
    public string SignerName { get; private set; } = Store.Keys.KeyFolder.DefaultName;

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_attestations);
        command.Options.Add(_level);
        command.Options.Add(_keys);
        command.Options.Add(_proofs);
        command.Options.Add(_logKeys);
        command.Options.Add(_trust);
        command.Options.Add(_archiveKeyrings);
        command.Options.Add(_project.Directory);
    }

    /// <summary>The project that is meant; null after telling why there is none.</summary>
    public Project? ProjectOf(ParseResult parsed) => _project.Resolve(_services, parsed, withFile: false);

    /// <summary>The policy that is asked for; null after telling what is wrong with it.</summary>
    public Policy? PolicyOf(ParseResult parsed) => PolicyFiles.Load(_services, parsed.GetValue(_level)!);

    /// <summary>Verifies; null after telling why that cannot be.</summary>
    public VerifyOutcome? Run(ParseResult parsed, Project project, Policy policy, string target, bool trustedOnly)
    {
        if (BelievedOf(parsed) is not { } believed)
        {
            return null;
        }

        if (LogKeysOf(parsed) is not { } logKeys || ArchiveKeyringsOf(parsed) is not { } archiveKeyrings)
        {
            return null;
        }

        using var store = StoreOf(project);
        using var own = TrustedLogs.OpenOwn(_services);
        var request = RequestOf(parsed, believed, policy, target);
        return Run(request with
        {
            ProjectDirectory = project.Directory,
            TrustedOnly = trustedOnly,
            Store = store,
            LogKeys = logKeys,
            ArchiveKeyrings = archiveKeyrings,
            Logs = OwnTrust(own, believed.Logs),
            OwnLog = own?.Exists == true ? own : null,
        });
    }

    /// <summary>Verifies a bundle by what is in it and what was given, without any state of this machine but whom to believe.</summary>
    public VerifyOutcome? RunAlone(ParseResult parsed, Policy policy, string bundle) =>
        BelievedOf(parsed) is { } believed && LogKeysOf(parsed) is { } logKeys && ArchiveKeyringsOf(parsed) is { } archiveKeyrings
            ? Run(RequestOf(parsed, believed, policy, bundle) with { IsAlone = true, LogKeys = logKeys, Logs = believed.Logs, ArchiveKeyrings = archiveKeyrings })
            : null;

    private VerifyRequest RequestOf(ParseResult parsed, TrustStore believed, Policy policy, string target) => new()
    {
        Target = target,
        CurrentDirectory = _services.CurrentDirectory,
        ProjectDirectory = _services.CurrentDirectory,
        Attestations = [.. parsed.GetValue(_attestations) ?? []],
        Proofs = [.. parsed.GetValue(_proofs) ?? []],
        Believed = believed,
        Policy = policy,
        Now = _services.Time.GetUtcNow(),
    };

    private VerifyOutcome? Run(VerifyRequest request)
    {
        try
        {
            return Verifier.Verify(request, _services.CancellationToken);
        }
        catch (VerifyTargetException exception)
        {
            DiagnosticPrinter.Problem(_services, exception.Message, exception.Suggestion, DiagnosticCodes.VerifyTargetMissing);
            return null;
        }
    }

    private TrustStore? BelievedOf(ParseResult parsed)
    {
        var trust = parsed.GetValue(_trust) is { } anchors ? TrustFiles.LoadFile(Path.GetFullPath(anchors, _services.CurrentDirectory)) : TrustFiles.Load(KeyFolders.Of(_services));
        DiagnosticPrinter.Print(_services, trust.Diagnostics, trust.Sources);
        if (trust.HasErrors)
        {
            return null;
        }

        SignerName = trust.Signer;
        var store = trust.Store;
        foreach (var file in parsed.GetValue(_keys) ?? [])
        {
            if (!TryAdd(file, ref store))
            {
                return null;
            }
        }

        return store;
    }

    private ImmutableArray<NoteVerifier>? LogKeysOf(ParseResult parsed)
    {
        var keys = ImmutableArray.CreateBuilder<NoteVerifier>();
        foreach (var text in parsed.GetValue(_logKeys) ?? [])
        {
            if (NoteVerifier.TryParse(text, out var problem) is not { } key)
            {
                DiagnosticPrinter.Problem(_services, $"`{text}` is no key of a log: {problem}", "`cairn log checkpoint --json` tells it on the machine of the log", DiagnosticCodes.LogKeyUnreadable);
                return null;
            }

            keys.Add(key);
        }

        return keys.DrainToImmutable();
    }

    /// <summary>Keys of archives: those that are given, or all that apt of this machine would believe. Which of them counts the receipt says.</summary>
    private ImmutableArray<string>? ArchiveKeyringsOf(ParseResult parsed)
    {
        if (parsed.GetValue(_archiveKeyrings) is { Length: > 0 } given)
        {
            ImmutableArray<string> files = [.. given.Select(f => Path.GetFullPath(f, _services.CurrentDirectory))];
            if (files.FirstOrDefault(static f => !File.Exists(f)) is not { } missing)
            {
                return files;
            }

            DiagnosticPrinter.Problem(_services, $"The keys `{missing}` cannot be used: there is no such file", "Debian has them in `/usr/share/keyrings/debian-archive-keyring.gpg`", DiagnosticCodes.VerifyKeyUnusable);
            return null;
        }

        try
        {
            var apt = AptConfiguration.Read(_services.AptFolder, _services.Environment);
            return [.. apt.Sources.SelectMany(static s => s.SignedBy).Concat(apt.Keyrings).Where(static k => k.Contains("-----BEGIN PGP", StringComparison.Ordinal) || (k.StartsWith('/') && File.Exists(k))).Distinct(StringComparer.Ordinal)];
        }
        catch (ToolchainException)
        {
            // What is not known is not checked.
            return [];
        }
    }

    /// <summary>The logs that are believed, with the machine's own.</summary>
    private LogTrust OwnTrust(LogFolder? own, LogTrust trust)
    {
        try
        {
            return own?.Settings is { } settings ? trust.With(TrustedLogs.LogOf(_services, settings)) : trust;
        }
        catch (IOException)
        {
            // A log that cannot be read proves nothing; its line says so.
            return trust;
        }
    }

    private bool TryAdd(string file, ref TrustStore store)
    {
        string problem;
        try
        {
            if (NamedFile.TryRead(Path.GetFullPath(file, _services.CurrentDirectory), Trust.Limits.KeyFileBytesMax, out problem) is { } bytes)
            {
                var key = KeyPem.ReadVerification(Encoding.UTF8.GetString(bytes));
                if (!store.Keys.Any(k => k.Key.Equals(key)))
                {
                    store = new TrustStore([.. store.Keys, new TrustedKey { Key = key, Name = file, IsGiven = true }], store.Thresholds) { Logs = store.Logs };
                }

                return true;
            }
        }
        catch (KeyFormatException exception)
        {
            problem = char.ToLowerInvariant(exception.Message[0]) + exception.Message[1..];
        }

        DiagnosticPrinter.Problem(_services, $"The key `{file}` cannot be used: {problem}", "give a public key as PEM; `cairn keys export` writes one", DiagnosticCodes.VerifyKeyUnusable);
        return false;
    }

    /// <summary>The store, in which attestations of jobs may be; null where there is none that can be read: they are not checked then.</summary>
    private ContentStore? StoreOf(Project project)
    {
        try
        {
            var settings = SettingsLoader.Load(SettingsLoader.UserPath(_services.Variable), SettingsLoader.ProjectPath(project.Directory), new DiagnosticBag());
            return CacheFolder.TryOpenStore(_services, settings);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
