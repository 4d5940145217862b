# Gnomon for containers: docker build -t gnomon . && docker run gnomon worker normalize
# TypeScript runs as it stands; there is nothing to build.
FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-bookworm-slim
ENV NODE_ENV=production GNOMON_CONFIG=/etc/gnomon/gnomon.yaml
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json LICENSE ./
COPY cli cli
COPY functions functions
COPY shared shared
# A process here writes nothing but to the store: run it with --read-only.
USER node
ENTRYPOINT ["node", "cli/gnomon.js"]
CMD ["--help"]
