# The service as an image:
#   docker build -t run-progress .
#   docker run -p 8000:8000 -e REDIS_URL=redis://… --read-only run-progress

FROM node:24-alpine AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build && npm prune --omit=dev --ignore-scripts

# Alpine's own package of Node 24: half the size of the official image, which brings npm, yarn and the headers of C.
FROM alpine:3.23
RUN apk add --no-cache nodejs
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/public ./public
COPY --from=build /app/dist ./dist
ENV NODE_ENV=production PORT=8000
# A number, so that Kubernetes can tell that it isn't root.
USER 65534:65534
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=3s --start-period=10s \
  CMD wget -q -O /dev/null "http://127.0.0.1:$PORT/healthz"
CMD ["node", "dist/main.js"]
