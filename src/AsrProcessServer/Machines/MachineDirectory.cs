using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Vault;
using Asr.ProcessServer.Jobs;

namespace Asr.ProcessServer.Machines;

/// <summary>Which machines there are. Reads the vault, because a grain knows only itself.</summary>
public sealed class MachineDirectory(ICatalog catalog)
{
    /// <summary>Every machine's document as last written.</summary>
    public async Task<IReadOnlyList<MachineDocument>> ListAsync(CancellationToken cancellationToken)
    {
        List<MachineDocument> documents = [];
        await foreach (CatalogDocument document in catalog.ListAsync(MachineDocument.Collection, cancellationToken))
        {
            documents.Add(CatalogGrainStorage.Parse<MachineDocument>(document.Content, MachineDocument.Collection, document.Id));
        }
        return documents;
    }
}
