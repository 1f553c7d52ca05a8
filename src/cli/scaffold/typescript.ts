/** How plugins in TypeScript are compiled: sources and tests into `dist/`, for the floor of Node that cyclebox has. */
export const tsconfig = `{
  "compilerOptions": {
    "target": "ES2023",
    "module": "NodeNext",
    "rootDir": ".",
    "outDir": "dist",
    "strict": true,
    "types": ["node"],
    "skipLibCheck": true
  },
  "include": ["src", "test"]
}
`;
