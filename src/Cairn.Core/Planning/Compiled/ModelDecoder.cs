using System.Collections.Immutable;
using System.Runtime.InteropServices;

using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Fetching;
using Cairn.Core.Language.Model;

namespace Cairn.Core.Planning.Compiled;

/// <summary>Reads what <see cref="ModelEncoder"/> writes. Members are read in the order in which they were written.</summary>
internal sealed partial class ModelDecoder(CompactReader reader)
{
    private readonly List<EnvironmentEntry> _entries = [];
    private ImmutableArray<string> _shell;
    public int? ReadOptionalNumber()
    {
        var number = reader.Read();
        return number == 0 ? null : number - 1 <= int.MaxValue ? (int)(number - 1) : throw CompactReader.Damaged();
    }

    public ImmutableArray<string> ReadTexts()
    {
        var texts = new string[reader.ReadCount()];
        for (var i = 0; i < texts.Length; i++)
        {
            texts[i] = reader.ReadText();
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(texts);
    }

    public ImmutableArray<SourceSpan> ReadSpans()
    {
        var spans = new SourceSpan[reader.ReadCount()];
        for (var i = 0; i < spans.Length; i++)
        {
            spans[i] = reader.ReadSpan();
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(spans);
    }

    public ImmutableArray<LockName> ReadLocks()
    {
        var locks = new LockName[reader.ReadCount()];
        for (var i = 0; i < locks.Length; i++)
        {
            locks[i] = new LockName(reader.ReadText());
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(locks);
    }

    public ImmutableArray<EnvironmentEntry> ReadEnvironment()
    {
        var entries = new EnvironmentEntry[reader.ReadCount()];
        for (var i = 0; i < entries.Length; i++)
        {
            entries[i] = ReadEntry();
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(entries);
    }

    public Secret ReadSecret()
    {
        var name = reader.ReadText();
        var span = reader.ReadSpan();
        SecretSource source = (SecretTag)reader.Read() switch
        {
            SecretTag.Variable => new SecretSource.Variable(reader.ReadText()),
            SecretTag.File => new SecretSource.File(reader.ReadText()),
            SecretTag.Command => new SecretSource.Command(ReadTexts()),
            _ => throw CompactReader.Damaged(),
        };
        return new Secret(name, source, span);
    }

    public Toolchain ReadToolchain()
    {
        var name = reader.ReadText();
        var span = reader.ReadSpan();
        return new Toolchain(name, ReadToolchainSource(), span);
    }

    private ToolchainSource ReadToolchainSource() => (ToolchainTag)reader.Read() switch
    {
        ToolchainTag.Debian => new ToolchainSource.Debian(reader.ReadText(), ReadTexts(), reader.ReadBoolean(), reader.ReadBoolean()),
        ToolchainTag.Oci => new ToolchainSource.Oci(reader.ReadText()),
        ToolchainTag.Archive => new ToolchainSource.Archive(ReadTexts(), reader.ReadText(), reader.ReadCount(), ReadPlacement()) { Signature = reader.ReadOptional(), Key = reader.ReadOptional() },
        ToolchainTag.Step => new ToolchainSource.Step(reader.ReadText(), reader.ReadOptional(), reader.ReadText(), ReadPlacement()),
        ToolchainTag.Host => new ToolchainSource.Host(ReadTexts(), ReadOptionalTexts()),
        ToolchainTag.Dotnet => new ToolchainSource.Dotnet(reader.ReadText(), reader.ReadBoolean()),
        _ => throw CompactReader.Damaged(),
    };

    private ToolchainPlacement ReadPlacement() => new(reader.ReadOptional(), ReadOptionalTexts());

    private ImmutableArray<string> ReadOptionalTexts() => reader.ReadBoolean() ? ReadTexts() : default;

    private ToolchainUse ReadToolchainUse()
    {
        var references = new ToolchainReference[reader.ReadCount()];
        for (var i = 0; i < references.Length; i++)
        {
            references[i] = new ToolchainReference(reader.ReadText(), reader.ReadSpan());
        }

        return references.Length > 0 ? new ToolchainUse(ImmutableCollectionsMarshal.AsImmutableArray(references)) : throw CompactReader.Damaged();
    }

    public Service ReadService()
    {
        var name = ReadStepName();
        var span = reader.ReadSpan();
        return new Service(name, ReadAction(), span)
        {
            Environment = ReadEnvironment(),
            WorkingDirectory = ReadOptionalTemplate(),
            StopGrace = ReadTime(),
            Ready = ReadReadiness(),
        };
    }

    public Step ReadStep()
    {
        var mask = reader.Read();
        if ((mask & ~StepMember.All) != 0)
        {
            throw CompactReader.Damaged();
        }

        var name = ReadStepName();
        var span = reader.ReadSpan();
        return new Step(name, ReadAction(), span)
        {
            Description = Has(StepMember.Description) ? reader.ReadText() : null,
            Needs = Has(StepMember.Needs) ? ReadReferences() : [],
            Environment = Has(StepMember.Environment) ? ReadEnvironment() : [],
            WorkingDirectory = Has(StepMember.WorkingDirectory) ? ReadTemplate() : null,
            Inputs = Has(StepMember.Inputs) ? ReadTemplates() : null,
            Outputs = Has(StepMember.Outputs) ? ReadTemplates() : [],
            Timeout = Has(StepMember.Timeout) ? ReadTime() : null,
            Retries = Has(StepMember.Retries) ? ReadRetries() : null,
            AllowFailure = Has(StepMember.AllowFailure),
            Condition = Has(StepMember.Condition) ? Expression.Deferred(ReadScalar(), ReadScope()) : null,
            Matrix = Has(StepMember.Matrix) ? ReadMatrix() : null,
            Isolation = Has(StepMember.Isolation) ? (IsolationLevel)Below(reader.Read(), (uint)IsolationLevel.Sandbox + 1) : null,
            Locks = Has(StepMember.Locks) ? ReadLocks() : [],
            MaxParallel = Has(StepMember.MaxParallel) ? ReadOptionalNumber() : null,
            Services = Has(StepMember.Services) ? ReadReferences() : [],
            Cache = Has(StepMember.Cache) ? ReadCache() : CachePolicy.Default,
            JUnitReports = Has(StepMember.JUnitReports) ? ReadTemplates() : [],
            Generates = Has(StepMember.Generates) ? ReadTemplate() : null,
            Templates = Has(StepMember.Templates) ? ReadScopes() : [],
            Network = Has(StepMember.Network) ? (NetworkAccess)Below(reader.Read(), (uint)NetworkAccess.Hosts + 1) : null,
            Limits = Has(StepMember.Limits) ? ReadLimits() : null,
            Strict = Has(StepMember.Strict),
            Deterministic = Has(StepMember.Deterministic) ? new Determinism { Cpus = ReadCount(), FakeTime = reader.ReadBoolean() } : null,
            Fetch = Has(StepMember.Fetch) ? ReadFetch() : null,
            Toolchain = Has(StepMember.Toolchain) ? ReadToolchainUse() : null,
        };

        bool Has(uint member) => (mask & member) != 0;
    }

    private FetchPolicy ReadFetch()
    {
        var hosts = new HostPattern[reader.ReadCount()];
        for (var i = 0; i < hosts.Length; i++)
        {
            hosts[i] = HostPattern.TryParse(reader.ReadText(), out var pattern, out _, out _) ? pattern : throw CompactReader.Damaged();
        }

        return new FetchPolicy(new HostRules(ImmutableCollectionsMarshal.AsImmutableArray(hosts)));
    }

    private static int Known(uint tag, int count) =>
        tag >= ObjectTag.Known && tag - ObjectTag.Known < (uint)count ? (int)(tag - ObjectTag.Known) : throw CompactReader.Damaged();

    private static uint Below(uint number, uint end) => number < end ? number : throw CompactReader.Damaged();

    private StepName ReadStepName() => StepName.TryParse(reader.ReadText(), out var name) ? name : throw CompactReader.Damaged();

    private TimeSpan ReadTime() => new(reader.ReadLong());

    private ImmutableArray<StepReference> ReadReferences()
    {
        var references = new StepReference[reader.ReadCount()];
        for (var i = 0; i < references.Length; i++)
        {
            references[i] = new StepReference(ReadStepName(), reader.ReadSpan());
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(references);
    }

    private EnvironmentEntry ReadEntry()
    {
        var tag = reader.Read();
        if (tag != ObjectTag.Fresh)
        {
            return _entries[Known(tag, _entries.Count)];
        }

        var name = reader.ReadText();
        var span = reader.ReadSpan();
        var entry = new EnvironmentEntry(name, ReadTemplate(), span);
        _entries.Add(entry);
        return entry;
    }

    private StepAction ReadAction()
    {
        switch ((ActionTag)reader.Read())
        {
            case ActionTag.ScriptOfSameShell when !_shell.IsDefault:
                return new StepAction.Script(ReadTemplate(), _shell);
            case ActionTag.Script:
                _shell = ReadTexts();
                return new StepAction.Script(ReadTemplate(), _shell);
            case ActionTag.Command:
                return new StepAction.Command(ReadTemplates());
            case ActionTag.Bundle:
                return new StepAction.Bundle(ReadTemplate(), ReadTemplates());
            default:
                throw CompactReader.Damaged();
        }
    }

    private ReadinessProbe? ReadReadiness()
    {
        ReadinessCheck check;
        switch ((ReadinessTag)reader.Read())
        {
            case ReadinessTag.None:
                return null;
            case ReadinessTag.Script:
                check = new ReadinessCheck.Script(reader.ReadText());
                break;
            case ReadinessTag.Tcp:
                check = new ReadinessCheck.Tcp(reader.ReadSigned());
                break;
            case ReadinessTag.Http:
                check = new ReadinessCheck.Http(Uri.TryCreate(reader.ReadText(), UriKind.Absolute, out var url) ? url : throw CompactReader.Damaged());
                break;
            case ReadinessTag.Output:
                check = new ReadinessCheck.Output(reader.ReadText());
                break;
            default:
                throw CompactReader.Damaged();
        }

        return new ReadinessProbe(check, ReadTime(), ReadTime());
    }

    private RetryPolicy ReadRetries()
    {
        var max = reader.ReadSigned();
        var codes = new int[reader.ReadCount()];
        for (var i = 0; i < codes.Length; i++)
        {
            codes[i] = reader.ReadSigned();
        }

        return new RetryPolicy(max, ImmutableCollectionsMarshal.AsImmutableArray(codes), reader.ReadBoolean(), reader.ReadBoolean(), ReadTime(), ReadTime(), reader.ReadDouble());
    }

    private StepLimits ReadLimits() => new()
    {
        MemoryBytes = ReadLimit(),
        Cpus = BitConverter.Int64BitsToDouble(reader.ReadLong()) is > 0 and var cpus ? cpus : null,
        Processes = ReadCount(),
        DiskBytes = ReadLimit(),
        OpenFiles = ReadCount(),
    };

    private int? ReadCount() => ReadLimit() is not { } count ? null : count <= int.MaxValue ? (int)count : throw CompactReader.Damaged();

    private long? ReadLimit() => reader.ReadLong() is > 0 and var limit ? limit : null;

    private CachePolicy ReadCache()
    {
        var enabled = reader.ReadBoolean();
        var extra = ReadOptionalTemplate();
        var paths = new ToolCacheUse[reader.ReadCount()];
        for (var i = 0; i < paths.Length; i++)
        {
            paths[i] = new ToolCacheUse(reader.ReadText(), reader.ReadText(), reader.ReadBoolean(), reader.ReadSpan())
            {
                QuotaBytes = reader.ReadLong() is >= 0 and var bytes ? bytes : null,
            };
        }

        return new CachePolicy { Enabled = enabled, KeyExtra = extra, Paths = ImmutableCollectionsMarshal.AsImmutableArray(paths) };
    }

    private MatrixDefinition ReadMatrix()
    {
        var span = reader.ReadSpan();
        var axes = new MatrixAxis[reader.ReadCount()];
        for (var i = 0; i < axes.Length; i++)
        {
            var name = reader.ReadText();
            var values = new MatrixValue[reader.ReadCount()];
            for (var j = 0; j < values.Length; j++)
            {
                values[j] = ReadMatrixValue();
            }

            axes[i] = new MatrixAxis(name, ImmutableCollectionsMarshal.AsImmutableArray(values), ReadOptionalTemplate(), reader.ReadSpan());
        }

        return new MatrixDefinition(span)
        {
            Axes = ImmutableCollectionsMarshal.AsImmutableArray(axes),
            Include = ReadRows(),
            Exclude = ReadRows(),
            MaxParallel = ReadOptionalNumber(),
            MaxJobs = reader.ReadSigned(),
        };
    }

    private ImmutableArray<MatrixRow> ReadRows()
    {
        var rows = new MatrixRow[reader.ReadCount()];
        for (var i = 0; i < rows.Length; i++)
        {
            var span = reader.ReadSpan();
            var values = new KeyValuePair<string, MatrixValue>[reader.ReadCount()];
            for (var j = 0; j < values.Length; j++)
            {
                values[j] = new KeyValuePair<string, MatrixValue>(reader.ReadText(), ReadMatrixValue());
            }

            rows[i] = new MatrixRow(ImmutableCollectionsMarshal.AsImmutableArray(values), span);
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(rows);
    }

    private MatrixValue ReadMatrixValue() => new(ReadValue(), ReadOptionalTemplate(), reader.ReadSpan());
}
