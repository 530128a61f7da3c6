using System.Collections.Immutable;
using System.CommandLine;

using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Engine.Configuration;
using Cairn.Engine.Trust;
using Cairn.Engine.Verification;
using Cairn.Store.Content;
using Cairn.Trust.Checks;
using Cairn.Trust.Keys;
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
    private readonly Option<string> _level = new("--level", "-l") { Description = "What has to hold: basic, strict, or a policy", HelpName = "LEVEL|FILE", DefaultValueFactory = _ => PolicyLevels.Default };

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

        using var store = StoreOf(project);
        try
        {
            return Verifier.Verify(
                new VerifyRequest
                {
                    Target = target,
                    CurrentDirectory = _services.CurrentDirectory,
                    ProjectDirectory = project.Directory,
                    Attestations = [.. parsed.GetValue(_attestations) ?? []],
                    Believed = believed,
                    Policy = policy,
                    Now = _services.Time.GetUtcNow(),
                    TrustedOnly = trustedOnly,
                    Store = store,
                }, _services.CancellationToken);
        }
        catch (VerifyTargetException exception)
        {
            DiagnosticPrinter.Problem(_services, exception.Message, exception.Suggestion, DiagnosticCodes.VerifyTargetMissing);
            return null;
        }
    }

    private Believed? BelievedOf(ParseResult parsed)
    {
        var trust = TrustFiles.Load(KeyFolders.Of(_services));
        DiagnosticPrinter.Print(_services, trust.Diagnostics, trust.Sources);
        if (trust.HasErrors)
        {
            return null;
        }

        SignerName = trust.Signer;
        var store = trust.Store;
        var foreign = ImmutableArray.CreateBuilder<ForeignKey>();
        foreach (var file in parsed.GetValue(_keys) ?? [])
        {
            if (!TryAdd(file, ref store, foreign))
            {
                return null;
            }
        }

        return new Believed(store, foreign.DrainToImmutable());
    }

    private bool TryAdd(string file, ref TrustStore store, ImmutableArray<ForeignKey>.Builder foreign)
    {
        string? problem;
        try
        {
            var path = Path.GetFullPath(file, _services.CurrentDirectory);
            if (new FileInfo(path).Length > Trust.Limits.KeyFileBytesMax)
            {
                problem = $"it has more than {Trust.Limits.KeyFileBytesMax} bytes";
            }
            else
            {
                var pem = File.ReadAllText(path);
                if (ReadEd25519(pem) is { } key)
                {
                    if (!store.Keys.Any(k => k.Key.Equals(key)))
                    {
                        store = new TrustStore([.. store.Keys, new TrustedKey { Key = key, Name = file }], store.Thresholds);
                    }

                    return true;
                }

                if (P256Key.TryReadPem(pem, out problem) is { } other)
                {
                    foreign.Add(new ForeignKey(file, other));
                    return true;
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            problem = exception switch
            {
                FileNotFoundException or DirectoryNotFoundException => "there is no such file",
                UnauthorizedAccessException => "permission denied",
                _ => exception.Message,
            };
        }

        DiagnosticPrinter.Problem(_services, $"The key `{file}` cannot be used: {problem}", "give a public key as PEM; `cairn keys export` writes one", DiagnosticCodes.VerifyKeyUnusable);
        return false;
    }

    private static PublicKey? ReadEd25519(string pem)
    {
        try
        {
            return KeyPem.ReadPublic(pem);
        }
        catch (KeyFormatException)
        {
            return null;
        }
    }

    /// <summary>The store, in which attestations of jobs may be; null where there is none that can be read: they are not checked then.</summary>
    private ContentStore? StoreOf(Project project)
    {
        try
        {
            var settings = SettingsLoader.Load(SettingsLoader.UserPath(_services.Variable), SettingsLoader.ProjectPath(project.Directory), new DiagnosticBag());
            return CacheFolder.Of(_services, settings) is { } folder && Directory.Exists(folder) ? ContentStore.Open(folder, _services.Time) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
