using System.Collections.Immutable;

using Cairn.Cli.Commands;
using Cairn.Cli.Graph;
using Cairn.Cli.Keys;
using Cairn.Engine.Trust;
using Cairn.Store.Keys;

namespace Cairn.Cli.Doctor;

/// <summary>What signs on this machine, and whom it believes.</summary>
internal static class KeyChecks
{
    private const string Group = "Keys";

    public static void Add(Machine machine, ImmutableArray<Check>.Builder checks)
    {
        if (KeyFolders.Of(machine.Services) is not { } directory)
        {
            checks.Add(new Check("signing-key", Group, "Signing key", CheckStatus.Note, "no home folder, so that keys are made with the state", "set HOME"));
            return;
        }

        var trust = TrustFiles.Load(directory, machine.Services.Variable(RunKey.Variable));
        checks.Add(Signer(new KeyFolder(directory), trust, machine.Services.Time.GetUtcNow()));
        checks.Add(Store(directory, trust));
    }

    private static Check Signer(KeyFolder folder, LoadedTrust trust, DateTimeOffset now)
    {
        const string Id = "signing-key", Title = "Signing key";
        try
        {
            var stored = folder.Find(trust.Signer);
            var listed = trust.Store.Keys.FirstOrDefault(key => stored is null ? key.Name == trust.Signer : key.Key.Equals(stored.PublicKey));
            if (listed?.ProblemAt(now) is { } problem)
            {
                return new Check(Id, Group, Title, CheckStatus.Missing, problem, "cairn keys list");
            }

            if (stored is null)
            {
                return listed is { Signer.IsEmpty: false } ? new Check(Id, Group, Title, CheckStatus.Ok, $"{trust.Signer}, with `{listed.Signer[0]}`")
                    : trust.Signer == KeyFolder.DefaultName ? new Check(Id, Group, Title, CheckStatus.Ok, $"{trust.Signer} (made when needed)")
                    : new Check(Id, Group, Title, CheckStatus.Missing, $"there is no key `{trust.Signer}`", $"cairn keys generate {trust.Signer}");
            }

            if (!stored.IsPrivateHere)
            {
                return new Check(Id, Group, Title, CheckStatus.Missing, $"the private key of `{trust.Signer}` is not here", "cairn keys list");
            }

            // Steps without isolation are this user's own code with this user's rights.
            return stored.IsEncrypted ? new Check(Id, Group, Title, CheckStatus.Ok, $"{trust.Signer}, encrypted")
                : HasOthers(folder.PathOf(trust.Signer)) ? new Check(Id, Group, Title, CheckStatus.Missing, $"{folder.PathOf(trust.Signer)} can be read by others", $"chmod 600 {folder.PathOf(trust.Signer)}")
                : new Check(Id, Group, Title, CheckStatus.Ok, $"{trust.Signer}; steps with `isolation: process` could read it");
        }
        catch (KeyFileException exception)
        {
            return new Check(Id, Group, Title, CheckStatus.Missing, exception.Message, exception.Suggestion);
        }
    }

    private static Check Store(string directory, LoadedTrust trust)
    {
        const string Id = "trust-store", Title = "Trust store";
        var path = TrustFiles.PathOf(directory)!;
        if (trust.HasErrors)
        {
            return new Check(Id, Group, Title, CheckStatus.Missing, $"{path}: {trust.Diagnostics[0].Message}", "cairn keys list");
        }

        var others = trust.Store.Keys.Count(static key => !key.IsOwn && key.Revoked is null);
        return new Check(Id, Group, Title, CheckStatus.Ok, File.Exists(path) ? $"{path}: {SvgGraph.Count(others, "other key")} believed" : "none: only this machine's own key is believed");
    }

    private static bool HasOthers(string file) => (File.GetUnixFileMode(file) & (UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != UnixFileMode.None;
}
