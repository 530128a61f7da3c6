using System.Collections.Immutable;
using System.Security.Cryptography;

using Cairn.Testing;

namespace Cairn.EndToEnd.Cache;

/// <summary>
/// A project with a cache of its own. Its steps note in a ledger outside the project that they were executed, so that every run is
/// held to what it says about itself.
/// </summary>
internal sealed class CacheProject : IDisposable
{
    /// <summary>The project of the table: <c>gen</c> feeds <c>build</c>, which feeds <c>test</c>; <c>pack</c> has the default inputs.</summary>
    public const string Standard = """
        version: 1
        name: table
        params: { mode: release }
        env: { LEDGER: "@ROOT/ledger", TONE: low }
        steps:
          gen:
            run: NOTE; mkdir -p gen; tr -d ' ' <version.txt >gen/version.h
            inputs: [version.txt]
            outputs: [gen/version.h]
          build:
            needs: [gen]
            run: NOTE; mkdir -p out; cat src/*.c gen/version.h >out/app; chmod +x out/app
            inputs: ["src/**"]
            outputs: ["out/**"]
            env: { MODE: "${{ params.mode }}" }
          test:
            needs: [build]
            run: NOTE; sum=$(cksum <out/app); cat cases.txt; echo "sum=$sum" >>"$CAIRN_OUTPUT"
            inputs: [cases.txt]
          pack:
            run: NOTE; ls | wc -l

        """;

    private readonly TemporaryFolder _root;
    private readonly bool _isClone;

    /// <summary>The standard project, or one with another pipeline and no files.</summary>
    public CacheProject(string? pipeline = null)
        : this(new TemporaryFolder(), "project", isClone: false)
    {
        WritePipeline(pipeline ?? Standard);
        if (pipeline is null)
        {
            Write("version.txt", "#define VERSION 1\n").Write("src/a.c", "int a = 1;\n").Write("src/b.c", "int b = 1;\n").Write("cases.txt", "one two\n")
                .Write("README.md", "A project.\n").Write(".gitignore", "*.tmp\ngen/\nout/\n").Write("notes.tmp", "mine\n").Link("src/link", "a.c");
        }
    }

    private CacheProject(TemporaryFolder root, string name, bool isClone)
    {
        _root = root;
        _isClone = isClone;
        Folder = root[name];
        Directory.CreateDirectory(Folder);
        Environment = ImmutableDictionary<string, string>.Empty.AddRange(
        [
            new("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
            new("HOME", root["home"]),
            new("XDG_CONFIG_HOME", root["home/config"]),
            new("XDG_CACHE_HOME", root["cache"]),
            new("XDG_STATE_HOME", root["home/state"]),
            new("LANG", "C.UTF-8"),
        ]);
        // The ledger is outside of the project, which no sandbox would permit.
        root.Write("home/config/cairn/config.yaml", "run: { isolation: process }\n");
    }

    /// <summary>The project's folder.</summary>
    public string Folder { get; }

    /// <summary>The store's folder.</summary>
    public string Store => _root["cache/cairn"];

    /// <summary>The environment of what is run.</summary>
    public ImmutableDictionary<string, string> Environment { get; set; }

    /// <summary>Who was executed since the ledger was last cleared, sorted.</summary>
    public IEnumerable<string> Executed => File.Exists(_root["ledger"]) ? File.ReadAllLines(_root["ledger"]).Order(StringComparer.Ordinal) : [];

    public string this[string path] => Path.Combine(Folder, path);

    /// <summary>A path outside the project, the same for all clones.</summary>
    public string Outside(string path) => _root[path];

    public string Read(string path) => File.ReadAllText(this[path]);

    public CacheProject Write(string path, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(this[path])!);
        File.WriteAllText(this[path], content);
        return this;
    }

    /// <summary>Writes the pipeline; <c>NOTE</c> stands for the entry in the ledger, <c>@ROOT</c> for the folder of everything.</summary>
    public CacheProject WritePipeline(string text) =>
        Write("cairn.yaml", text.Replace("NOTE", "echo $CAIRN_JOB >>$LEDGER", StringComparison.Ordinal).Replace("@ROOT", _root.Path, StringComparison.Ordinal));

    /// <summary>Replaces a text of the pipeline that stands there once.</summary>
    public CacheProject EditPipeline(string old, string replacement)
    {
        var parts = Read("cairn.yaml").Split(old);
        Assert.Equal(2, parts.Length);
        return Write("cairn.yaml", string.Join(replacement, parts));
    }

    public CacheProject Delete(string path)
    {
        if (Directory.Exists(this[path]))
        {
            Directory.Delete(this[path], recursive: true);
        }
        else
        {
            File.Delete(this[path]);
        }

        return this;
    }

    public CacheProject Rename(string from, string to)
    {
        File.Move(this[from], this[to]);
        return this;
    }

    public CacheProject Link(string path, string target)
    {
        File.Delete(this[path]);
        File.CreateSymbolicLink(this[path], target);
        return this;
    }

    public CacheProject Touch(string path)
    {
        File.SetLastWriteTimeUtc(this[path], File.GetLastWriteTimeUtc(this[path]).AddSeconds(7));
        return this;
    }

    /// <summary>What a script prints.</summary>
    public async Task<string> AskAsync(string script)
    {
        var result = await new Tool("sh", "-euc", script, CairnBinary.Path) { Folder = Folder, Environment = Environment }.RunAsync(TestContext.Current.CancellationToken);
        Assert.True(result.ExitCode == 0, $"{script}: {result}");
        return result.Output;
    }

    /// <summary>The same content elsewhere, without what runs left: the machine, and so the cache, is the same.</summary>
    public async Task<CacheProject> CloneAsync()
    {
        var clone = new CacheProject(_root, "clone", isClone: true) { Environment = Environment };
        await AskAsync("cp -RP . ../clone; cd ../clone; rm -rf .cairn gen out");
        return clone;
    }

    /// <summary><c>cairn</c> in the project, not started.</summary>
    public Tool Cairn(params ImmutableArray<string> arguments) => new(CairnBinary.Path, arguments) { Folder = Folder, Environment = Environment, Timeout = TimeSpan.FromSeconds(20) };

    public Task<ToolResult> CairnAsync(params ImmutableArray<string> arguments) => Cairn(arguments).RunAsync(TestContext.Current.CancellationToken);

    /// <summary><c>cairn run --json</c>, not started.</summary>
    public Tool RunCommand(params ImmutableArray<string> arguments) => Cairn(["run", "--json", .. arguments]);

    /// <summary>Runs the pipeline, and holds what it says of hits and misses against the ledger.</summary>
    public async Task<CacheRun> RunAsync(params ImmutableArray<string> arguments)
    {
        File.Delete(_root["ledger"]);
        var run = new CacheRun(await RunCommand(arguments).RunAsync(TestContext.Current.CancellationToken));
        Assert.True(run.Executed.SequenceEqual(Executed), $"The ledger has [{string.Join(' ', Executed)}], the run says [{string.Join(' ', run.Executed)}]\n{run.Result}");
        return run;
    }

    /// <summary>Runs the pipeline after a script has changed something.</summary>
    public async Task<CacheRun> RunAfterAsync(string script)
    {
        await AskAsync(script);
        return await RunAsync();
    }

    /// <summary>The stored blob of a file's content.</summary>
    public string BlobOf(string path)
    {
        var name = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(this[path])));
        return Directory.EnumerateFiles(Store, "*", SearchOption.AllDirectories)
            .Single(file => file[Store.Length..].Replace("/", "", StringComparison.Ordinal).Contains(name[2..], StringComparison.Ordinal));
    }

    public void Dispose()
    {
        if (!_isClone)
        {
            _root.Dispose();
        }
    }
}
