using System.Globalization;
using System.Security.Cryptography;

using Cairn.Fuzz.Targets;

namespace Cairn.Fuzz;

internal static class Program
{
    private const string Usage = """
        Usage: Cairn.Fuzz TARGET|all [--seconds N] [--seed S] [--iterations N] [FILE...]

        Runs a target over testdata/fuzz/TARGET and over mutations of it. With FILEs, runs just these, once each.
        An input that throws, takes more than 2 s or allocates more than 256 MiB is saved and printed, and the exit code is 1.
        """;

    private const int PrintedBytesMax = 400;

    private static int Main(string[] args)
    {
        if (args.Length == 0 || args[0] is "-h" or "--help")
        {
            Console.WriteLine(Usage);
            foreach (var target in All.Targets)
            {
                Console.WriteLine($"  {target.Name}");
            }

            return args.Length == 0 ? 2 : 0;
        }

        var options = new Dictionary<string, long>(StringComparer.Ordinal);
        var files = new List<string>();
        for (var i = 1; i < args.Length; i++)
        {
            if (args[i] is not ("--seconds" or "--seed" or "--iterations"))
            {
                files.Add(args[i]);
            }
            else if (i + 1 < args.Length && long.TryParse(args[i + 1], CultureInfo.InvariantCulture, out var number) && number >= 0)
            {
                options[args[i++]] = number;
            }
            else
            {
                Console.Error.WriteLine($"{args[i]} needs a number");
                return 2;
            }
        }

        var targets = args[0] is "all" ? All.Targets : All.Find(args[0]) is { } one ? [one] : [];
        if (targets.Count == 0)
        {
            Console.Error.WriteLine($"No target `{args[0]}`");
            return 2;
        }

        foreach (var target in targets)
        {
            if (!Campaign(target, options, files))
            {
                return 1;
            }
        }

        return 0;
    }

    /// <summary>Saves and prints an input that failed.</summary>
    public static void Report(string failure, byte[] input)
    {
        var path = Path.Combine(Path.GetTempPath(), $"cairn-fuzz-{Convert.ToHexStringLower(SHA256.HashData(input))[..12]}");
        File.WriteAllBytes(path, input);
        Console.WriteLine(failure);
        Console.WriteLine($"The input ({input.Length} bytes) is in {path}; it begins with:");
        Console.WriteLine(System.Text.Json.JsonEncodedText.Encode(System.Text.Encoding.Latin1.GetString(input.AsSpan(0, Math.Min(input.Length, PrintedBytesMax)))));
    }

    private static bool Campaign(IFuzzTarget target, Dictionary<string, long> options, List<string> files)
    {
        var seed = (int)(options.TryGetValue("--seed", out var given) ? given : Random.Shared.Next());
        var corpus = files.Count > 0 ? files.ConvertAll(File.ReadAllBytes) : FuzzRunner.Corpus(target);
        var hasIterations = options.TryGetValue("--iterations", out var iterations);
        var hasSeconds = options.TryGetValue("--seconds", out var seconds);
        var count = files.Count > 0 ? 0 : hasIterations ? iterations : long.MaxValue / 2;
        var time = hasSeconds ? TimeSpan.FromSeconds(seconds) : files.Count > 0 || hasIterations ? TimeSpan.MaxValue : TimeSpan.FromMinutes(1);
        Console.WriteLine($"{target.Name}: {corpus.Count} inputs, --seed {seed}");
        var result = FuzzRunner.Run(target, corpus, seed, count, time);
        if (result.Failure is { } failure)
        {
            Console.WriteLine($"{target.Name}: input {result.Inputs} failed with --seed {seed}");
            Report(failure, result.Input ?? []);
            return false;
        }

        Console.WriteLine($"{target.Name}: {result.Inputs} inputs passed");
        return true;
    }
}
