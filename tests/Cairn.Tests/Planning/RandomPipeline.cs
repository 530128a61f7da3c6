using System.Text;

namespace Cairn.Tests.Planning;

/// <summary>Makes pipelines that use every part of the language, all of them good. The same seed makes the same pipeline.</summary>
internal sealed class RandomPipeline(int seed)
{
    private static readonly string[] Texts =
    [
        "plain", "\"a \\\"quoted\\\" \\t text\"", "'it''s'", "\"${{ params.text }}\"", "\"x ${{ params.count + 1 }} y\"", "\"$${{ no }}\"", "\"é ${{ git.branch || 'none' }}\"", "\"漢字 😀\"",
        "\"\\u00e9\\x41 ${{ format('{0}-{1}', params.text, params.count) }}\"", "\"${{ join(params.list, ', ') }}\"", "\"${{ hashFiles('src/**') }}\"", "\"${{ run.user }}\"",
    ];

    private static readonly string[] Conditions = ["true", "success()", "${{ params.flag }}", "params.count > 2 && git.branch == 'main'", "${{ always() }}", "run.ci || failure()", "hashFiles('a') != ''", "params.flag == false"];
    private static readonly string[] Globs = ["a.txt", "\"src/**\"", "\"!src/gen\"", "\"src/${{ params.text }}\"", "\"*.{c,h}\"", "\"./!odd\"", "lib//x/", "\"${{ params.list }}\"", "\"a\\\\*b\""];
    private static readonly string[] Retries = ["1", "{ max: 2, on: [exit 75, exit 1-3, timeout, signal], backoff: { initial: 2s, max: 30s, jitter: 0.1 } }", "{ max: 3, backoff: { initial: 250ms } }"];

    private readonly Random _random = new(seed);
    private readonly StringBuilder _text = new();

    public string Make()
    {
        Add(0, "name: random", "description: Made from a seed", "params:");
        Add(2, "text: { type: string, default: a b }", "count: { type: number, default: 3.5 }", "flag: { type: boolean, default: true }", "list: { type: list, default: [x, y] }", "mode: { type: string, enum: [debug, release], default: release, description: How }");
        Add(0, $"env: {{ ALL: {Text()}, N: 4 }}", "secrets: { token: { env: T }, key: { file: ~/k }, pass: { command: [pass, show] } }", $"concurrency: {{ max_parallel: {_random.Next(1, 9)}, locks: [machine] }}");
        Add(0, "toolchains:", $"  cc: {{ debian: bookworm, packages: [{Pick("make", "gcc, libc6-dev, make", "g++, make, g++")}] }}", $"  bare: {{ debian: trixie, packages: [busybox-static], essential: false, allow_expired: {Pick("true", "false")} }}");
        Add(0, $"defaults: {{ timeout: {_random.Next(1, 50)}m, {Pick("", "toolchain: cc, ")}env: {{ STEP: \"${{{{ job.id }}}}\", DEF: {Text()} }}, working_directory: sub }}");
        Add(0, "services:", "  db: { command: [db, --port, \"1\"], ready: { tcp: 6380 }, stop_grace: 3s }", "  web: { run: serve, env: { TOKEN: \"${{ secrets.token }}\" }, ready: { http: \"http://localhost:80/x?y=%20\", interval: 100ms, timeout: 30s }, working_directory: w }", "  log: { run: tail, ready: { output: up } }");
        Add(0, "templates:");
        Add(2, "inner:", "  params: { target: { required: true }, level: 2, many: { type: list, default: [] }, deep: { type: string, default: z } }", "  run: make ${{ params.target }} -O${{ params.level }} ${{ join(params.many, ' ') }} ${{ matrix.os || 'any' }}", "  env: { TARGET: \"${{ params.target }}\", DEEP: \"${{ params.deep }}\" }");
        Add(2, "outer:", "  params: { os: linux, extra: x }", "  uses: inner", "  with: { target: \"${{ params.os }}-x64\", level: 3, many: [\"${{ params.extra }}\", b], deep: \"${{ params.os }}\" }", "  inputs: [\"in/${{ params.os }}/**\"]", "  if: params.os != 'never'");
        Add(0, "steps:");
        var count = _random.Next(1, 9);
        for (var i = 0; i < count; i++)
        {
            Step(i);
        }

        if (Maybe())
        {
            Fetch();
        }

        return _text.ToString();
    }

    private void Step(int number)
    {
        Add(2, $"s{number}:");
        var kind = _random.Next(5);
        Add(4, kind switch
        {
            0 => $"command: [make, {Text()}, {Text()}]",
            1 => $"run: {Text()}",
            2 => "run: |\n      echo one ${{ params.text }}\n\n        two ${{ params.count }}\n",
            3 => "run: >-\n      folded ${{ params.text }}\n      more\n",
            _ => $"uses: outer\n    with: {{ os: {Text()}, extra: \"${{{{ params.text }}}}\" }}",
        });
        if (kind is 1 && Maybe())
        {
            Add(4, "shell: [python3, -u, -c]");
        }

        var hasMatrix = Maybe();
        if (kind == 4 || hasMatrix)
        {
            Add(4, "matrix:", $"  os: [linux, {Text()}, 1.10, true]", "  list: ${{ params.list }}");
            if (Maybe())
            {
                Add(6, "include: [{ os: linux, list: x, extra: \"${{ fromJson('[1,{\\\"a\\\":null}]') }}\" }, { os: bsd, list: \"${{ params.text }}\" }]", "exclude: [{ os: linux, list: y }]", "limits: { max_parallel: 2, max_jobs: 50 }");
            }
        }

        if (number > 0 && Maybe())
        {
            Add(4, $"needs: [s{_random.Next(number)}]");
        }

        AddMaybe($"if: {Pick(Conditions)}", kind != 4);
        AddMaybe($"inputs: [in, {Pick(Globs)}, {Pick(Globs)}]");
        if (Maybe())
        {
            Add(4, hasMatrix || kind == 4 ? $"outputs: [\"o{number}/${{{{ matrix.os }}}}/*\", \"!o{number}/tmp\"]" : $"outputs: [o{number}/x, \"o{number}/*.d\"]");
        }

        AddMaybe($"generates: g{number}.yaml", kind != 4 && !hasMatrix);
        AddMaybe($"env: {{ A: {Text()}, TOKEN: \"${{{{ secrets.token }}}}\" }}");
        AddMaybe($"working_directory: {Pick("w", "\"w/${{ params.text }}\"")}");
        AddMaybe($"timeout: {_random.Next(1, 100)}s");
        AddMaybe($"retries: {Pick(Retries)}");
        AddMaybe("allow_failure: true");
        AddMaybe($"toolchain: {Pick("cc", "bare", "host")}");
        AddMaybe(_random.Next(2) == 0 ? "deterministic: true" : "deterministic: { cpus: 2, faketime: true }");
        AddMaybe("concurrency: { locks: [z, y], max_parallel: 3 }");
        AddMaybe("services: [db, web]");
        AddMaybe("reports: { junit: \"r/${{ params.text }}.xml\" }");
        AddMaybe($"description: {Pick("short", "\"漢 \\t\"")}");
    }

    private void Fetch() =>
        Add(2, $"fetched: {{ uses: fetch, run: {Text()}, hosts: [registry.npmjs.org, {Pick("\"*.example.com:8443\"", "10.1.0.0/16", "\"[fd00::/8]:8443\"")}], inputs: [in], outputs: [fetched] }}");

    private bool Maybe() => _random.Next(2) == 0;

    private string Pick(params string[] from) => from[_random.Next(from.Length)];

    private string Text() => Pick(Texts);

    private void AddMaybe(string line, bool fits = true)
    {
        if (Maybe() && fits)
        {
            Add(4, line);
        }
    }

    private void Add(int indent, params ReadOnlySpan<string> lines)
    {
        foreach (var line in lines)
        {
            _text.Append(' ', indent).Append(line).Append('\n');
        }
    }
}
