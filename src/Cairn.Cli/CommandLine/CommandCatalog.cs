using System.Collections.Immutable;
using System.CommandLine;

using Cairn.Cli.Commands;
using Cairn.Cli.Keys;
using Cairn.Cli.Logs;

namespace Cairn.Cli.CommandLine;

/// <summary>A command line that shows how a command is used.</summary>
internal readonly record struct Example(string Line, string Meaning);

/// <summary>A command as the catalogue knows it; its tree of options is only built when it is used.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Group">The heading it stands under in help.</param>
/// <param name="Summary">One line.</param>
/// <param name="Create">Builds it.</param>
internal sealed record CommandEntry(string Name, string Group, string Summary, Func<CommandServices, Command> Create)
{
    /// <summary>Two to four examples.</summary>
    public required ImmutableArray<Example> Examples { get; init; }

    /// <summary>Paragraphs for its help, below the summary.</summary>
    public string? Details { get; init; }
}

/// <summary>Every command, in the order of help.</summary>
internal static class CommandCatalog
{
    public static CommandEntry? Find(string name)
    {
        foreach (var entry in All)
        {
            if (entry.Name == name)
            {
                return entry;
            }
        }

        return null;
    }

    public static ImmutableArray<CommandEntry> All { get; } =
    [
        new("run", "Run", "Run the pipeline, or a part of it", RunCommand.Create)
        {
            Examples =
            [
                new("cairn run", "run everything"),
                new("cairn run --until test", "run test and all that it needs"),
                new("cairn run --param prefix=/opt --max-parallel 4", "set a parameter, four jobs at once"),
                new("cairn run --retry-failed last", "run again what failed, and what follows from it"),
            ],
        },
        new("fetch", "Run", "Fetch what steps need from the network, and pin it", FetchCommand.Create)
        {
            Details = "Runs the steps with `uses: fetch` that are not pinned in cairn.lock, or whose command or inputs have changed since, with what they need, and pins what they bring. A run takes from then on what is pinned, and nothing else: from the store, or from the hosts if they still send the same.",
            Examples =
            [
                new("cairn fetch", "pin what is not pinned yet"),
                new("cairn fetch deps --update", "fetch again, and pin what the hosts send now"),
                new("cairn fetch --update --dry-run", "only say what that would change"),
            ],
        },
        new("logs", "Run", "Show what the steps of a run wrote", LogsCommand.Create)
        {
            Examples =
            [
                new("cairn logs last build", "the log of step build in the newest run"),
                new("cairn logs last build --follow", "go on while the step runs"),
                new("cairn logs last~1 test --timestamps", "the run before, with times"),
            ],
        },
        new("runs", "Run", "List earlier runs, or show one", RunsCommand.Create)
        {
            Examples =
            [
                new("cairn runs", "the newest runs"),
                new("cairn runs show last", "one run, job by job"),
                new("cairn runs --json", "for programs"),
            ],
        },
        new("events", "Run", "Follow the events of a run, and see who is told of them", EventsCommand.Create)
        {
            Details = "Handlers are told of what happens in runs: files, webhooks with signed messages, and commands. They stand under `handlers` of ~/.config/cairn/config.yaml, never in a project. A run never waits for one, but for two seconds at its end.",
            Examples =
            [
                new("cairn events tail", "what happens in the newest run, until it ends"),
                new("cairn events tail last --only 'step.*' --json", "its steps, for programs"),
                new("cairn events handlers", "who is told, and how that went"),
                new("cairn events test chat", "send a test event to one of them"),
            ],
        },
        new("analyze", "Look", "See where the time of past runs went, and what to change first", AnalyzeCommand.Create)
        {
            Details = "Reads the records of runs in .cairn/runs: how many, how long, how that changes, what the cache saved, which steps are slow, on the critical path, or flaky. A step that both failed and succeeded with the same action digest is flaky beyond doubt, as far as its declared inputs are all that it reads. Advice is ranked by the time that it would save.",
            Examples =
            [
                new("cairn analyze", "the last 30 days of this project"),
                new("cairn analyze --period 7d --pipeline zlib", "a week of one pipeline"),
                new("cairn analyze --all-projects --json", "every project that you have run something in, for programs"),
                new("cairn analyze --html report.html", "a page with plots that opens without a network"),
            ],
        },
        new("why", "Run", "Explain why a step was or was not taken from the cache", WhyCommand.Create)
        {
            Details = "A miss is compared with the newest earlier action of the same job, field by field: files, variables, arguments, platform. A hit tells which run executed it.",
            Examples =
            [
                new("cairn why", "all jobs of the last run, each miss with its cause"),
                new("cairn why build", "one step in full"),
                new("cairn why test[opt=O2] --run last~1 --json", "one job of the run before, for programs"),
            ],
        },
        new("diff", "Run", "Compare two runs, job by job", DiffCommand.Create)
        {
            Examples =
            [
                new("cairn diff last~1 last", "what changed since the run before"),
                new("cairn diff last~1", "the same: the second run is the last where it is left out"),
                new("cairn diff 7f3a9c 1b2c3d --json", "for programs"),
            ],
        },
        new("debug", "Run", "Enter the root of a step that failed", DebugCommand.Create)
        {
            Details = "A failed step in a sandbox leaves its root: its files, environment and isolation, kept for debug.keep_days. A shell in it, or one command, changes a copy; --diff shows those changes.",
            Examples =
            [
                new("cairn debug", "a shell in the root of the last step that failed"),
                new("cairn debug last~1 build --command make", "one command in that of an earlier run"),
                new("cairn debug build --patch fix.patch", "what was changed there, for git apply"),
            ],
        },
        new("exec", "Run", "Run a program in the fresh sandbox of a step", ExecCommand.Create)
        {
            Details = "Lays out what the step would see now: its inputs, and the outputs of what it needs from the cache or the working tree. Nothing that the program writes stays.",
            Examples =
            [
                new("cairn exec build -- ls -R", "what the step would see"),
                new("cairn exec build", "a shell there"),
            ],
        },
        new("trace", "Run", "Run a step, observe which files it uses, and propose its inputs and outputs", TraceCommand.Create)
        {
            Details = "Runs the step once in a fresh sandbox that shows the whole working tree, with strace (which must be installed) in front of it, so that nothing escapes: child processes and static programs included. Neither the working tree nor the cache is written. What the step writes to its terminal goes to standard error. Exits with 1 if the step failed; then nothing is written.",
            Examples =
            [
                new("cairn trace build", "what step build uses and what it declares"),
                new("cairn trace build --write", "and write its inputs, outputs and needs into the pipeline"),
                new("cairn trace test[opt=O2] --json", "one job of a matrix, for programs"),
            ],
        },
        new("reproduce", "Run", "Execute a step again, under other conditions, and compare what it makes", ReproduceCommand.Create)
        {
            Details = "In fresh sandboxes, from the inputs of the recorded result; neither the working tree nor the cache is written. First as it was recorded, then with another path, time, time zone, locale, hostname, file order, number of processors, umask and user, all at once; what differs is traced to the variation that caused it. Exits with 0 if everything is identical, with 1 if anything differs, with 2 if something could not be executed again.",
            Examples =
            [
                new("cairn reproduce build", "the newest result of step build"),
                new("cairn reproduce last --times 3", "every step that the newest run executed, three times over"),
                new("cairn reproduce build --vary time,path", "only these variations"),
            ],
        },
        new("receipt", "Prove", "Show and export the signed receipts of runs", ReceiptCommand.Create)
        {
            Details = "Every run ends with a receipt in .cairn/runs/ID/receipt.json: a DSSE envelope with SLSA provenance of the whole run, signed with the user's key. It names the sources, the pipeline, the parameters, and every step with its action, its attestation and its outputs.",
            Examples =
            [
                new("cairn receipt show", "the receipt of the newest run"),
                new("cairn receipt show last~1 --attestation build", "what is attested of one step"),
                new("cairn receipt export last -o receipt.dsse.json", "the envelope, for other programs"),
                new("cairn receipt export --all proof/", "with the attestations of all steps"),
            ],
        },
        new("attest", "Prove", "Sign a statement about files that are there already", AttestCommand.Create)
        {
            Details = "Says that whoever holds the key had these files, and nothing of where they come from: no run takes that for a result. The envelope goes to FILE.intoto.jsonl, or for several files to multiple.intoto.jsonl, in a line of its own behind those that are there.",
            Examples =
            [
                new("cairn attest dist/tool", "into dist/tool.intoto.jsonl"),
                new("cairn attest dist/*.tar.gz -o release.intoto.jsonl", "several files in one statement"),
                new("cairn attest app --predicate-type https://example.org/review/v1 --predicate review.json", "with a predicate of your own"),
            ],
        },
        new("verify", "Prove", "Verify an artifact, a receipt, a run or a folder", VerifyCommand.Create)
        {
            Details = "Prints a checklist with a reason on each line: syntax, graph, files, hashes, signatures, trust, validity, roles, thresholds, the rules of the policy, log. Attestations are looked for beside the artifact and in the receipts of the project; `--attestation` names others. Whom to believe is in ~/.config/cairn/trust.yaml. Exits with 0 if all of it holds, with 1 if something does not, with 4 if there is nothing to go by: no attestation, or none that anybody trusted signed.",
            Examples =
            [
                new("cairn verify", "the newest run, with the files that it made"),
                new("cairn verify dist/app.tar.gz --level release.yaml", "an artifact, by a policy"),
                new("cairn verify app --attestation app.sigstore.json --public-key cosign.pub", "what others signed"),
                new("cairn verify dist/ --json --vsa dist.vsa.json", "a folder, for programs, with a signed summary"),
            ],
        },
        new("log", "Prove", "Keep, prove and check the transparency log of what was signed", LogCommand.Create)
        {
            Details = "Every run appends its receipt and its new attestations to the machine's own log, and commands that sign what they sign (`cairn config set log off` ends that), so that nobody can make one disappear, or make one up for the past. An entry holds hashes and a signature, no names and no content. `prove` writes a proof that others verify without a network.",
            Examples =
            [
                new("cairn log tail", "the newest entries"),
                new("cairn log prove receipt.json -o receipt.json.tlog-proof", "a proof, for others; --log URL asks a log elsewhere"),
                new("cairn log consistency kept.checkpoint", "whether the log has only grown since"),
                new("cairn log fsck", "every entry, tile and signature"),
            ],
        },
        new("sigstore", "Prove", "Write attestations as bundles that other verifiers read", SigstoreCommand.Create)
        {
            Details = "A Sigstore bundle of version 0.3 has the envelope, its entry in the machine's log, a proof that it stands there, and the log's promise. The trusted root tells the verifier of the log; the key that signed is given to it by itself.",
            Examples =
            [
                new("cairn sigstore export receipt.dsse.json -o receipt.sigstore.json --trusted-root root.json", "a receipt, and what to verify it with"),
                new("cairn sigstore trusted-root > root.json", "the trusted root alone"),
                new("cairn sigstore trusted-root import trusted_root.json", "believe the logs of somebody else's"),
            ],
        },
        new("witness", "Prove", "Cosign the checkpoints of logs that only grow", WitnessCommand.Create)
        {
            Details = "A witness remembers the last checkpoint of each log that it knows, and cosigns a new one only with a proof that nothing was changed or taken away (C2SP tlog-witness). Who demands cosignatures of several witnesses cannot be shown a history of their own.",
            Examples =
            [
                new("cairn witness key --name witness.example.com/w1", "make the key, and print what others write into trust.yaml"),
                new("cairn witness serve --listen 127.0.0.1:8781", "cosign for the logs of trust.yaml"),
                new("cairn witness list", "what was cosigned last"),
            ],
        },
        new("monitor", "Prove", "Follow logs, and tell of what should not be in them", MonitorCommand.Create)
        {
            Details = "Reads every entry of each log once and holds all of them against its checkpoints: tells where a log was rewound, forked or changed, where files are missing, where the same action made different outputs, and of entries that are waited for. Exits with 0 if all is well, with 1 if something is wrong, with 4 if a log could not be read.",
            Examples =
            [
                new("cairn monitor --once", "the logs of trust.yaml and the machine's own, once"),
                new("cairn monitor https://log.example.com/ --interval 5m", "go on, and look every five minutes"),
                new("cairn monitor --watch key=4f2a91c0 --json", "tell of everything that a key signs, for programs"),
            ],
        },
        new("bundle", "Prove", "Make, show, unpack and verify bundles", BundleCommand.Create)
        {
            Details = "A bundle (.cab) is one file that holds files and what is told of them: the receipt of the run, attestations, bills of materials, proofs of a log. It is an OCI image layout in a tar archive, which skopeo and oras read too, and the same content makes the same bytes. Unpacking verifies every byte and puts nothing in place before the last one. docs/formats/cab.md describes the format.",
            Examples =
            [
                new("cairn bundle create app.cab --run last", "what the newest run made, with its receipt and attestations"),
                new("cairn bundle create site.cab -C public .", "the files of a folder"),
                new("cairn bundle verify app.cab --trust trust.yaml --level strict", "by what is in it and whom trust.yaml names"),
                new("cairn bundle extract app.cab /opt/app --verify", "verified first, then unpacked"),
            ],
        },
        new("match", "Prove", "Compare what was attested with what would be executed now", MatchCommand.Create)
        {
            Details = "Computes the action of each job from the pipeline, the sources, the toolchains and the machine as they are, and holds it against the attested one: command, environment, platform, packages of toolchains by package URL and digest, input files. Executes nothing and writes nothing. Exits with 0 if nothing drifted, with 1 if something did, with 4 if nothing could be compared.",
            Examples =
            [
                new("cairn match", "what of the newest run would be reused now"),
                new("cairn match build", "one step, as it was attested last"),
                new("cairn match proof/ --json", "what `cairn receipt export --all` wrote elsewhere, for programs"),
            ],
        },
        new("replay", "Prove", "Execute again what was attested, and compare what it makes", ReplayCommand.Create)
        {
            Details = "In fresh sandboxes, from inputs that are named by their content; neither the working tree nor the cache is written. Where what is made is not what was attested it is executed again and under other conditions, as `cairn reproduce` does, until that is explained or not. Exits with the worst verdict: 0 identical, 4 could not be executed here, 5 nondeterministic (executions differ among themselves), 6 unexplained (they agree, and not with what was attested), 7 tampered (bytes, a digest or a signature are wrong).",
            Examples =
            [
                new("cairn replay build", "the newest result of step build"),
                new("cairn replay last --attest", "every step of the newest run, signed as a builder of your own"),
                new("cairn replay proof/ -C checkout --attest -o mine.jsonl", "what somebody else attested, from the same sources"),
            ],
        },
        new("sbom", "Prove", "Write a bill of materials of what a run or a step made", SbomCommand.Create)
        {
            Details = "From what was attested: the files with their hashes, the packages of the toolchains, and what the lock files name that were among the inputs; with package URLs, hashes, licences where lock files or installed packages tell them, and what needs what. The same content gives the same bytes; the time is that of SOURCE_DATE_EPOCH, in the environment or in the steps.",
            Examples =
            [
                new("cairn sbom -o app.cdx.json", "of the newest run, as CycloneDX"),
                new("cairn sbom package --format spdx -o app.spdx.json", "of one step and what it needs"),
                new("cairn sbom --attest -o sbom.intoto.json", "signed, about the files of the run"),
            ],
        },
        new("challenge", "Prove", "Replay a sample of the cache, and demote what does not match", ChallengeCommand.Create)
        {
            Details = "For idle time: with the lowest priority for processors and disks, one result after the other, until the sample or the budget is used up, others need the machine, or a signal comes. A demoted result counts no more on this machine, whatever the store has, until its action was executed again; `cairn why` says so. Exits with 0 if nothing else was made than was attested, otherwise as `cairn replay` with the worst verdict, and with 130 after a signal.",
            Examples =
            [
                new("cairn challenge", "one in twenty results of the cache"),
                new("cairn challenge --sample 20 --budget 30m", "twenty of them, for half an hour at most"),
                new("cairn challenge --seed 5f0c1d2e --json", "the same choice again, for programs"),
            ],
        },
        new("approve", "Prove", "Sign that artifacts may be used", ApproveCommand.Create)
        {
            Details = "What does not verify is not approved. Whoever verifies with a policy that asks for `approvals` counts it, if the key is trusted there and its owner is not the builder.",
            Examples =
            [
                new("cairn approve last --comment reviewed", "the newest run, beside its receipt"),
                new("cairn approve app.tar.gz -a receipt.json --key alice", "an artifact that was handed over"),
            ],
        },
        new("policy", "Prove", "Check and test policies: what must hold of an artifact before it is used", PolicyCommand.Create)
        {
            Details = "A policy is a YAML file of rules that `cairn verify --level FILE` holds against what trusted keys signed; docs/formats/policy.md describes every rule. Cases are its tests: evidence, and what the rules should answer. `test` exits with 1 if an answer is another one.",
            Examples =
            [
                new("cairn policy show strict > release.yaml", "a policy to begin with"),
                new("cairn policy check release.yaml", "every mistake, with its place"),
                new("cairn policy test policies/", "all files there that end in .cases.yaml"),
                new("cairn policy schema --output policy.schema.json", "editors complete policies by it"),
            ],
        },
        new("validate", "Look", "Check pipelines and show every mistake", ValidateCommand.Create)
        {
            Details = "Reads and plans without running anything. Parameters that must be given but are not get a value that fits.",
            Examples =
            [
                new("cairn validate", "check cairn.yaml"),
                new("cairn validate --strict", "warnings count as mistakes"),
                new("cairn validate ci/*.yaml --json", "several files, for programs"),
            ],
        },
        new("graph", "Look", "Draw the steps and what they need", GraphCommand.Create)
        {
            Examples =
            [
                new("cairn graph", "a tree in the terminal"),
                new("cairn graph --analyze", "where the time goes, from earlier runs"),
                new("cairn graph --format svg --output graph.svg", "a picture for light and dark pages"),
                new("cairn graph --format mermaid", "for a README"),
            ],
        },
        new("deps", "Look", "Show what projects depend on, from their lock files", DepsCommand.Create)
        {
            Details = "Reads every lock file below a folder that git does not ignore: of NuGet, npm, Maven, Python, Cargo, Go, Bundler and Composer. Shows trees, names in several versions, and licences where lock files or installed packages tell them. Nothing is downloaded, and no other tool is run.",
            Examples =
            [
                new("cairn deps", "the trees of all projects below this folder"),
                new("cairn deps why left-pad", "what leads to a package"),
                new("cairn deps web --depth 1 --format svg --output deps.svg", "a picture of what one project asks for itself"),
                new("cairn deps --json", "with package URLs and hashes, for programs"),
            ],
        },
        new("doctor", "Look", "See what this machine can do and what is missing", DoctorCommand.Create)
        {
            Details = "Each check is ok, a note (works, but less well) or missing; what can be mended comes with the command that mends it. Exits with 3 if something is missing that Cairn needs.",
            Examples = [new("cairn doctor", "all checks"), new("cairn doctor --json", "for programs")],
        },
        new("toolchain", "Set up", "Lock, fetch and check the programs that steps are given", ToolchainCommand.Create)
        {
            Details = "A toolchain is declared in cairn.yaml and pinned, byte for byte, in cairn.lock, which belongs into version control: packages of Debian from where apt of this machine gets them, an image, an archive, what a step left behind, or files of the machine. Nothing of them is executed while it is made.",
            Examples =
            [
                new("cairn toolchain add cc debian gcc libc6-dev make", "declare and lock packages of this machine's suite"),
                new("cairn toolchain lock", "lock what is not locked, fetch what is missing"),
                new("cairn toolchain trace cc", "from the tree to the archive's keys, every link checked again"),
                new("cairn toolchain vendor /media/disk", "all that a machine without a mirror needs"),
            ],
        },
        new("store", "Look", "See, check and tidy what the cache keeps", StoreCommand.Create)
        {
            Details = "The store holds the results of steps and the files they made, for all of a user's projects: ~/.cache/cairn, or what the setting cache.directory says. Removing any of it is safe: what is missing is made again.",
            Examples =
            [
                new("cairn store stats", "what is there, and what it takes"),
                new("cairn store gc --quota 5GiB", "make it smaller now"),
                new("cairn store fsck", "read everything, and mend or set aside what is wrong"),
                new("cairn store pin release last", "keep the results of the newest run for good"),
            ],
        },
        new("init", "Set up", "Write a pipeline for what is in a folder", InitCommand.Create)
        {
            Details = "Looks for the files of make, CMake, autotools, .NET, Go, Cargo, Python, npm, Maven, Zig, Ruby, Composer, Perl and shell projects, in the folder and below it, and writes one cairn.yaml with their steps, in the order in which the projects refer to each other. What git ignores is not looked at.",
            Examples =
            [
                new("cairn init", "for this folder"),
                new("cairn init --dry-run", "only print it"),
                new("cairn init services/api --force", "in place of the one that is there"),
            ],
        },
        new("new", "Set up", "Make a small project with tests and a pipeline", NewCommand.Create)
        {
            Details = "Templates are those of Cairn, folders in ~/.config/cairn/templates, any folder with a template.yaml, and git repositories.",
            Examples =
            [
                new("cairn new --list", "the templates"),
                new("cairn new go hello --kind service --license mit", "a service in Go"),
                new("cairn new csharp my-tool -p framework=net10.0", "with a parameter of the template"),
                new("cairn new https://example.org/templates/cli.git tool", "from a git repository"),
            ],
        },
        new("projects", "Set up", "List the projects that you have run something in", ProjectsCommand.Create)
        {
            Examples =
            [
                new("cairn projects", "all of them, with how their last runs ended"),
                new("cairn projects show api", "one with its newest runs"),
                new("cairn projects rename services/api billing", "call it something else"),
                new("cairn projects forget --missing", "take those off whose folders are gone"),
            ],
        },
        new("keys", "Set up", "Manage the keys that sign results and the keys that are believed", KeysCommand.Create)
        {
            Details = "Private keys stand in ~/.config/cairn/keys, for nobody else to read; the first run makes the key default. Whom this user believes, for what and how long, is said in ~/.config/cairn/trust.yaml, never in a project. Edits leave its comments as they are.",
            Examples =
            [
                new("cairn keys list", "all keys, which one signs, what others are trusted for"),
                new("cairn keys generate release --encrypt", "make another one, under a passphrase"),
                new("cairn keys trust ci.pub --tier protected --owner ops", "believe the key of a CI machine"),
                new("cairn keys rotate --overlap 30d", "put a new key in the place of the one that signs"),
            ],
        },
        new("config", "Set up", "Get and set options that stay", ConfigCommand.Create)
        {
            Details = "The user's file is ~/.config/cairn/config.yaml, the project's .cairn/config.yaml, which git ignores and which wins. Options of a command line win over both.",
            Examples =
            [
                new("cairn config list", "every setting, its value and where that comes from"),
                new("cairn config set run.max_parallel 4", "for this project"),
                new("cairn config set --user color never", "for all projects"),
                new("cairn config get run.stop_grace", "one value"),
            ],
        },
        new("completion", "Set up", "Print a script that completes cairn's commands in a shell", CompletionCommand.Create)
        {
            Examples =
            [
                new("cairn completion bash > ~/.local/share/bash-completion/completions/cairn", "bash"),
                new("cairn completion zsh > \"${fpath[1]}/_cairn\"", "zsh"),
                new("cairn completion fish > ~/.config/fish/completions/cairn.fish", "fish"),
            ],
        },
        new("schema", "Set up", "Print the JSON Schema of the pipeline language", SchemaCommand.Create)
        {
            Details = "Editors with YAML support complete and check cairn.yaml by it: start the file with `# yaml-language-server: $schema=cairn.schema.json`.",
            Examples = [new("cairn schema", "to standard output"), new("cairn schema --output cairn.schema.json", "to a file")],
        },
        new("version", "Set up", "Print the version", VersionCommand.Create)
        {
            Examples = [new("cairn version", "one line"), new("cairn version --json", "with commit, runtime and system")],
        },
        new("help", "Set up", "Show help on a command", HelpCommand.Create)
        {
            Examples = [new("cairn help run", "the same as cairn run --help"), new("cairn help config set", "on a subcommand")],
        },
    ];
}
