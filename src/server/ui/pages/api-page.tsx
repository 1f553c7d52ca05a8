/** Everything that can be asked over HTTP, read from the server's own description of it. */
import { PageHead, ProblemNotice, useAnswer } from '../parts/index.js';

interface Operation {
  readonly summary?: string;
  readonly description?: string;
}

export function ApiPage() {
  const { answer, problem } = useAnswer('getOpenApi');
  const paths = (answer?.['paths'] ?? {}) as Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  const rows = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  return (
    <div class="page">
      <PageHead title="API" note="all that this page can do goes by HTTP">
        <a class="button" href="/api/openapi.json" download="cyclebox-openapi.json">
          OpenAPI 3.1
        </a>
      </PageHead>
      <ProblemNotice problem={problem} />
      <section class="card">
        <p>
          Programs send the token: <code>Authorization: Bearer TOKEN</code>; it lies in the state folder, in{' '}
          <code>dashboard-token</code>, unless the configuration has one.
        </p>
        <pre class="words">{example()}</pre>
        <table class="plain api">
          <caption class="unseen">Requests</caption>
          <thead>
            <tr>
              <th>Request</th>
              <th>What it does</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ path, method, operation: { summary, description } }) => (
              <tr key={method + path}>
                <th scope="row">
                  <span class={`method ${method}`}>{method}</span> <code>{path}</code>
                </th>
                <td>
                  {summary}
                  {description !== undefined && description !== summary && <p class="muted">{description}</p>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </div>
  );
}

function example(): string {
  return [
    'TOKEN=$(cat .cyclebox/dashboard-token)',
    `curl -H "Authorization: Bearer $TOKEN" ${location.origin}/api/status`,
  ].join('\n');
}
