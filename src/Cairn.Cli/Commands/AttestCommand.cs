using System.Collections.Immutable;
using System.CommandLine;
using System.Security.Cryptography;
using System.Text;

using Cairn.Cli.Keys;
using Cairn.Cli.Terminal;
using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Events;
using Cairn.Store.Files;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Json;
using Cairn.Trust.Statements;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn attest</c>.</summary>
internal sealed class AttestCommand
{
    private const string Ending = ".intoto.jsonl";
    private const string LinesEnding = ".jsonl";
    private const string OfSeveral = "multiple" + Ending;

    private readonly CommandServices _services;
    private readonly CommandEvents _events;
    private readonly Argument<string[]> _files = new("FILE") { Description = "The files", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string?> _predicateType = new("--predicate-type") { Description = "The type of a predicate of your own, an absolute URI", HelpName = "URI" };
    private readonly Option<string?> _predicate = new("--predicate") { Description = "The predicate of that type: a JSON object with whole numbers only", HelpName = "FILE" };
    private readonly Option<string?> _subjectName = new("--subject-name") { Description = "What the file is called in the statement, instead of its path", HelpName = "NAME" };
    private readonly Option<string?> _key = new("--key") { Description = "The key of ~/.config/cairn/keys that signs; otherwise CAIRN_KEY, sign_with of trust.yaml, or default", HelpName = "NAME" };
    private readonly Option<int?> _passphraseFd = Passphrases.CreateOption();
    private readonly Option<string?> _output = new("--output", "-o") { Description = "Where the envelope goes; - for standard output. A file that ends in .jsonl is added to, another is replaced", HelpName = "FILE" };

    private AttestCommand(CommandServices services)
    {
        _services = services;
        _events = new CommandEvents(services, "attest");
    }

    public static Command Create(CommandServices services)
    {
        var attest = new AttestCommand(services);
        var command = new Command("attest", "Sign a statement about files that are there already") { attest._files, attest._predicateType, attest._predicate, attest._subjectName, attest._key, attest._passphraseFd, attest._output };
        command.SetAction((parsed, _) => attest._events.RunAsync(() => attest.Attest(parsed)));
        return command;
    }

    private int Attest(ParseResult parsed)
    {
        var paths = parsed.GetValue(_files)!;
        if (parsed.GetValue(_predicateType) is null != parsed.GetValue(_predicate) is null)
        {
            return DiagnosticPrinter.Usage(_services, "`--predicate-type` and `--predicate` go together", "one names the type, the other the file that has the predicate");
        }

        if (parsed.GetValue(_subjectName) is not null && paths.Length > 1)
        {
            return DiagnosticPrinter.Usage(_services, "`--subject-name` names one file, and there are several", "attest them one by one");
        }

        if (Take(paths, parsed.GetValue(_subjectName)) is not { } files || StatementOf(parsed, files) is not { } statement)
        {
            return ExitCodes.Usage;
        }

        var payload = statement.ToJson();
        if (Statement.TryRead(payload, out var problem) is null)
        {
            DiagnosticPrinter.Problem(_services, $"These files cannot be attested together: {problem}", "attest them one by one, or give a file another name with --subject-name", DiagnosticCodes.AttestFileUnusable);
            return ExitCodes.Usage;
        }

        // Before the key is asked for its passphrase: what stands in the way of the result is told first.
        var output = parsed.GetValue(_output) ?? (paths is [var only] ? only + Ending : OfSeveral);
        return Before(output) is { } before
            ? SigningKeys.Sign(_services, parsed.GetValue(_key), parsed.GetValue(_passphraseFd), payload, envelope => Write(output, before, envelope, files.Length), envelope => _events.Signed(SignedSubject.Files, string.Join(", ", paths), envelope))
            : ExitCodes.Usage;
    }

    private ImmutableArray<AttestedFile>? Take(string[] paths, string? name)
    {
        var files = ImmutableArray.CreateBuilder<AttestedFile>(paths.Length);
        foreach (var path in paths)
        {
            if (Take(path, name ?? NameOf(path)) is not { } file)
            {
                return null;
            }

            files.Add(file);
        }

        return files.DrainToImmutable();
    }

    private AttestedFile? Take(string path, string name)
    {
        try
        {
            var full = Path.GetFullPath(path, _services.CurrentDirectory);
            if (new FileInfo(full).LinkTarget is not null)
            {
                full = File.ResolveLinkTarget(full, returnFinalTarget: true)!.FullName;
            }

            if (Directory.Exists(full))
            {
                return Refuse($"`{path}` is a folder", $"name its files, as `cairn attest {path.TrimEnd('/')}/*`, or an archive of it");
            }

            using var folder = Directory.Exists(Path.GetDirectoryName(full)) ? DirectoryHandle.Open(Path.GetDirectoryName(full)!) : null;
            if (folder?.TryStat(Path.GetFileName(full)) is not { } stat)
            {
                return Refuse($"There is no file `{path}`", null);
            }

            if (stat.Kind != FileKind.Regular || folder.TryOpenFile(Path.GetFileName(full)) is not { } handle)
            {
                return Refuse($"`{path}` is neither a file nor a link to one", null);
            }

            using var stream = new FileStream(handle, FileAccess.Read, bufferSize: 0);
            var hash = SHA256.HashData(stream);
            return new AttestedFile(name, Hex.Lower(hash), stream.Position, stat.Executable);
        }
        catch (UnauthorizedAccessException)
        {
            return Refuse($"`{path}` cannot be read: permission denied", null);
        }
        catch (IOException exception)
        {
            return Refuse($"`{path}` cannot be read: {exception.Message}", null);
        }
    }

    private AttestedFile? Refuse(string message, string? help)
    {
        DiagnosticPrinter.Problem(_services, message, help, DiagnosticCodes.AttestFileUnusable);
        return null;
    }

    /// <summary>The path as seen from here; of one elsewhere its last part.</summary>
    private string NameOf(string path)
    {
        var relative = Path.GetRelativePath(_services.CurrentDirectory, Path.GetFullPath(path, _services.CurrentDirectory));
        return relative.StartsWith("..", StringComparison.Ordinal) || Path.IsPathRooted(relative) ? Path.GetFileName(path) : relative;
    }

    private Statement? StatementOf(ParseResult parsed, ImmutableArray<AttestedFile> files)
    {
        if (parsed.GetValue(_predicateType) is not { } type || parsed.GetValue(_predicate) is not { } file)
        {
            return FileAttestation.Write(files, BuildInfo.Version, _services.Time.GetUtcNow());
        }

        string? problem;
        var value = NamedFile.TryRead(Path.GetFullPath(file, _services.CurrentDirectory), Trust.Limits.EnvelopeBytesMax / 2, out problem) is { } bytes ? StrictJson.TryRead(bytes, out problem) : null;
        if (value is JsonValue.Object predicate)
        {
            problem = FileAttestation.ProblemOf(type, predicate);
            if (problem is null)
            {
                return FileAttestation.WriteOther(files, type, predicate);
            }

            DiagnosticPrinter.Problem(_services, $"This predicate cannot be attested: {problem}", null, DiagnosticCodes.AttestPredicateInvalid);
            return null;
        }

        DiagnosticPrinter.Problem(_services, $"The predicate `{file}` cannot be used: {problem ?? "it is no object"}", "write a JSON object; signed JSON has whole numbers only, and no name twice", DiagnosticCodes.AttestPredicateInvalid);
        return null;
    }

    /// <summary>The lines that a file has already which is added to; null after telling why it cannot be.</summary>
    private byte[]? Before(string output)
    {
        var path = Path.GetFullPath(output, _services.CurrentDirectory);
        if (output == "-" || !output.EndsWith(LinesEnding, StringComparison.Ordinal) || !File.Exists(path))
        {
            return [];
        }

        string? problem = null;
        try
        {
            var content = File.ReadAllBytes(path);
            foreach (var line in content.AsSpan().Split((byte)'\n'))
            {
                if (content.AsSpan(line).Length > 0 && Envelope.TryRead(content.AsSpan(line), out problem) is null)
                {
                    break;
                }
            }

            if (problem is null)
            {
                return content is [.., not (byte)'\n'] ? [.. content, (byte)'\n'] : content;
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            problem = exception.Message;
        }

        DiagnosticPrinter.Problem(_services, $"`{output}` cannot be added to, since a line of it is no envelope: {problem}", "name another file with --output", DiagnosticCodes.AttestOutputForeign);
        return null;
    }

    private int Write(string output, byte[] before, Envelope envelope, int files)
    {
        byte[] content = [.. before, .. envelope.ToJson(), (byte)'\n'];
        var exit = OutputFile.Write(_services, output, content);
        if (exit == ExitCodes.Success && output != "-")
        {
            var text = new StringBuilder($"{(before.Length > 0 ? "Added to" : "Wrote")} {output}: {files} {(files == 1 ? "file" : "files")}, signed by {new KnownSigners(KeyFolders.Of(_services)).Describe(envelope)}\n");
            _services.Error.Write(text.ToString());
        }

        return exit;
    }
}
