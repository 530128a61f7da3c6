using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Engine;
using Cairn.Engine.Replay;
using Cairn.Engine.Trust;
using Cairn.Engine.Verification;

namespace Cairn.Cli.Commands;

/// <summary>From what a person names to the actions that it tells of.</summary>
internal static class AttestedTargets
{
    /// <summary>Finds it; null after telling why it cannot be.</summary>
    public static AttestedTarget? Find(CommandServices services, RunRequest request, string target) =>
        With(services, request, DiagnosticCodes.ReplayTargetMissing, $"`{target}` cannot be looked at", source => AttestedActions.Find(source, target));

    /// <summary>Does something with what the machine has and believes; null after telling why it cannot be done.</summary>
    /// <param name="services">What the command has from outside.</param>
    /// <param name="request">Where the keys, the store and the project are.</param>
    /// <param name="code">The code of what goes wrong.</param>
    /// <param name="failed">With what the message begins where something cannot be read.</param>
    /// <param name="find">What is done.</param>
    public static T? With<T>(CommandServices services, RunRequest request, string code, string failed, Func<AttestedSource, T?> find)
        where T : class
    {
        var trust = TrustFiles.Load(request.KeysDirectory, request.SignWith);
        DiagnosticPrinter.Print(services, trust.Diagnostics, trust.Sources);
        if (trust.HasErrors)
        {
            return null;
        }

        try
        {
            using var store = CacheFolder.TryOpenStore(services, request);
            return find(new AttestedSource { CurrentDirectory = services.CurrentDirectory, ProjectDirectory = request.ProjectDirectory, Trust = trust.Store, Now = services.Time.GetUtcNow(), Store = store });
        }
        catch (VerifyTargetException exception)
        {
            DiagnosticPrinter.Problem(services, exception.Message, exception.Suggestion, code);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            DiagnosticPrinter.Problem(services, $"{failed}: {exception.Message}", null, code);
        }

        return null;
    }
}
