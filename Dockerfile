# cyclebox on the CPU. Nobody needs root in it, and nothing of it is written to: /data holds all that changes.
#   docker build -t cyclebox . && docker run --read-only --tmpfs /tmp -v "$PWD:/data" cyclebox
FROM node:20-bookworm-slim AS build
WORKDIR /src
COPY . .
RUN npm ci --no-audit --no-fund
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:20-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /src/package.json ./
COPY --from=build /src/dist ./dist
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/models ./models
COPY --from=build /src/plugins ./plugins
COPY --from=build /src/samples ./samples
# A volume that is mounted here takes its owner from it.
RUN mkdir -p /data /state && chown node:node /data /state
USER node
WORKDIR /data
EXPOSE 7345
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["node", "-e", "fetch('http://127.0.0.1:7345/healthz').then(answer => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/cli/main.js"]
CMD ["start"]
