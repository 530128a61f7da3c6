using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

using Cairn.Bench;

// Cairn.Bench SECONDS: what one thread does of each in a second, as JSON. bench/trust.py asks for it, beside openssl.
if (args is not [var text] || !double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) || seconds is not (> 0 and <= 600))
{
    Console.Error.WriteLine("usage: Cairn.Bench SECONDS");
    return 2;
}

using var work = new TrustWork();
using var sigstore = new SigstoreWork();
var rates = new SortedDictionary<string, double>(StringComparer.Ordinal);
foreach (var (name, once) in (ImmutableArray<(string Name, Action Once)>)[.. work.All, .. sigstore.All])
{
    _ = RateOf(once, TimeSpan.FromSeconds(seconds / 4));
    rates.Add(name, Math.Round(RateOf(once, TimeSpan.FromSeconds(seconds)), 1));
}

using var output = Console.OpenStandardOutput();
using var writer = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true });
writer.WriteStartObject();
foreach (var (name, rate) in rates)
{
    writer.WriteNumber(name, rate);
}

writer.WriteEndObject();
return 0;

// How often something is done in a second; the clock is looked at every 32 times.
static double RateOf(Action once, TimeSpan time)
{
    const int Batch = 32;
    var clock = Stopwatch.StartNew();
    long count = 0;
    do
    {
        for (var i = 0; i < Batch; i++)
        {
            once();
        }

        count += Batch;
    }
    while (clock.Elapsed < time);

    return count / clock.Elapsed.TotalSeconds;
}
