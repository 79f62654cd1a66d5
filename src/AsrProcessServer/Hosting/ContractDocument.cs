using System.Collections.Generic;
using System.Threading.Tasks;
using Asr.Contracts;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace Asr.ProcessServer.Hosting;

/// <summary>The OpenAPI document: made from the endpoints themselves, with the failure body that all of them share.</summary>
internal static class ContractDocument
{
    /// <summary>Adds what makes it.</summary>
    public static void Add(IServiceCollection services) => services.AddOpenApi("v1", openApi =>
    {
        openApi.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo { Title = "Asr appliance", Version = "v1" };

            // The addresses are this process's, known to whoever reads this already.
            document.Servers?.Clear();
            return Task.CompletedTask;
        });
        openApi.AddOperationTransformer((operation, context, _) =>
        {
            // The schema itself is in the document already: jobs and disks carry it.
            OpenApiSchemaReference schema = new(nameof(AsrError), context.Document);
            operation.Responses ??= [];
            operation.Responses["default"] = new OpenApiResponse
            {
                Description = "Every failure",
                Content = new Dictionary<string, OpenApiMediaType> { ["application/json"] = new() { Schema = schema } },
            };
            return Task.CompletedTask;
        });
    });
}
