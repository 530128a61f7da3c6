using System.CommandLine;
using System.Text;

using Cairn.Core.Language;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn schema</c>.</summary>
internal static class SchemaCommand
{
    public static Command Create(CommandServices services)
    {
        var output = OutputFile.CreateOption();
        var command = new Command("schema", "Print the JSON Schema of the pipeline language") { output };
        command.SetAction(parse => OutputFile.Write(services, parse.GetValue(output), Encoding.UTF8.GetBytes(PipelineSchema.Generate())));
        return command;
    }
}
