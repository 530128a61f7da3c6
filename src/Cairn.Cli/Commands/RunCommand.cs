using System.CommandLine;

namespace Cairn.Cli.Commands;

internal static class RunCommand
{
    public static Command Create(CommandServices services) => throw new NotSupportedException();
}
