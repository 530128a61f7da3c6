using Cairn.Cli.Keys;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Engine;
using Cairn.Engine.Configuration;

namespace Cairn.Cli.Commands;

/// <summary>A project with the machine's settings, for commands that execute or look up what runs recorded.</summary>
internal static class MachineRequest
{
    /// <summary>The request; null after telling what is wrong with the settings.</summary>
    public static RunRequest? Of(CommandServices services, Project project)
    {
        var mistakes = new DiagnosticBag();
        var loaded = SettingsLoader.LoadWithOrigins(SettingsLoader.UserPath(services.Variable), SettingsLoader.ProjectPath(project.Directory), mistakes);
        DiagnosticPrinter.Print(services, mistakes.ToSorted(), loaded.Sources);
        if (mistakes.HasErrors)
        {
            return null;
        }

        var settings = loaded.Settings;
        var request = new RunRequest
        {
            ProjectDirectory = project.Directory,
            PipelineFile = project.PipelineFile,
            Isolation = settings.Isolation,
            Program = CairnProgram.Path,
            PidNamespace = settings.PidNamespace != Availability.Off,
            CacheDirectory = CacheFolder.Of(services, settings),
            StateDirectory = UserFolders.State(services.Variable),
            KeysDirectory = KeyFolders.Of(services),
            SignWith = services.Variable(RunKey.Variable),
            Version = BuildInfo.Version,
        };
        return settings.ProcessPath is { } path ? request with { StepPath = path } : request;
    }
}
